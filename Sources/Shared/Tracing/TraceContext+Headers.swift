/// Reads and writes `traceparent` and `tracestate` (https://www.w3.org/TR/trace-context/).
///
/// In: whatever a caller, a queue entry or a row has in these fields. Out: a context, or `nil`. A wrong value is never
/// an error: it is as if there was none.
extension TraceContext {
    package static let parentName = "traceparent"
    package static let stateName = "tracestate"

    /// Bytes of `00-<32 digits>-<16 digits>-<2 digits>`.
    private static let length = 55
    private static let dash = UInt8(ascii: "-")

    /// Of an unknown version only the part that version 00 has is read, as the specification says.
    package init?(parent: [UInt8], state: [UInt8]? = nil) {
        guard parent.count >= Self.length, [2, 35, 52].allSatisfy({ parent[$0] == Self.dash }),
            let version = Self.number(parent[0..<2]), version != 0xFF,
            parent.count == Self.length || version > 0 && parent[Self.length] == Self.dash,
            let high = Self.number(parent[3..<19]), let low = Self.number(parent[19..<35]), high | low != 0,
            let span = Self.number(parent[36..<52]), span != 0, let flags = Self.number(parent[53..<55])
        else { return nil }
        self.init(
            TraceID(high: high, low: low), span: span,
            flags: UInt8(truncatingIfNeeded: flags) & (Self.sampledFlag | Self.randomFlag),
            state: state.flatMap { Self.state($0) })
    }

    package init?(parent: String, state: String? = nil) {
        self.init(parent: Array(parent.utf8), state: state.map { Array($0.utf8) })
    }

    /// Lower-case digits only: others are forbidden.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard !digit.isASCIIUppercase, let half = digit.hexDigitValue else { return nil }
            value = value << 4 | UInt64(half)
        }
        return value
    }

    package var parent: String {
        var text: [UInt8] = []
        text.reserveCapacity(Self.length)
        text.append(contentsOf: "00-".utf8)
        text.append(hexadecimal: trace.high)
        text.append(hexadecimal: trace.low)
        text.append(Self.dash)
        text.append(hexadecimal: span)
        text.append(Self.dash)
        text.append(hexadecimal: UInt64(flags), digits: 2)
        return String(decoding: text, as: UTF8.self)
    }
}

// MARK: - tracestate

extension TraceContext {
    /// Bytes that are passed on: as many as every system must be able to pass on.
    static let longestState = 512
    private static let mostMembers = 32
    /// Members above this are the first to be left out.
    private static let longMember = 128
    /// Bytes that are read: 32 members of the longest form.
    private static let mostRead = 32 * (256 + 1 + 256 + 1)

    /// The members as they came, without blanks around them: as many as fit.
    ///
    /// `nil` where there is none, or where one is not of the form, since then nobody knows what the rest means.
    static func state(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= mostRead else { return nil }
        var members: [ArraySlice<UInt8>] = []
        for part in bytes.split(separator: UInt8(ascii: ",")) {
            let member = trimmed(part)
            if member.isEmpty { continue }
            guard isMember(member), members.count < mostMembers else { return nil }
            members.append(member)
        }
        if length(of: members) > longestState { members.removeAll { $0.count > longMember } }
        while length(of: members) > longestState { members.removeLast() }
        guard !members.isEmpty else { return nil }
        return String(decoding: Array(members.joined(separator: [UInt8(ascii: ",")])), as: UTF8.self)
    }

    private static func length(of members: [ArraySlice<UInt8>]) -> Int {
        members.reduce(members.count - 1) { $0 + $1.count }
    }

    private static func trimmed(_ part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 32 || byte == 9 }
        var part = part.drop(while: isBlank)
        while let last = part.last, isBlank(last) { part.removeLast() }
        return part
    }

    /// `key=value`: 256 bytes each at most.
    private static func isMember(_ member: ArraySlice<UInt8>) -> Bool {
        guard let equals = member.firstIndex(of: UInt8(ascii: "=")), let first = member.first else { return false }
        let (key, value) = (member[..<equals], member[(equals + 1)...])
        return (1...256).contains(key.count) && (first.isASCIILowercase || first.isASCIIDigit)
            && key.allSatisfy(isOfKey) && (1...256).contains(value.count)
            && value.allSatisfy { (32...126).contains($0) && $0 != UInt8(ascii: "=") }
    }

    private static func isOfKey(_ byte: UInt8) -> Bool {
        byte.isASCIILowercase || byte.isASCIIDigit || "_-*/@".utf8.contains(byte)
    }
}

extension TraceContext.TraceID {
    /// 32 lower-case digits.
    var text: String {
        var text: [UInt8] = []
        text.append(hexadecimal: high)
        text.append(hexadecimal: low)
        return String(decoding: text, as: UTF8.self)
    }
}

extension TraceContext {
    /// The id of the span: 16 lower-case digits.
    var spanText: String {
        var text: [UInt8] = []
        text.append(hexadecimal: span)
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Appends the lowest `digits` hexadecimal digits of a number.
    fileprivate mutating func append(hexadecimal value: UInt64, digits: Int = 16) {
        for place in (0..<digits).reversed() {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * place)) & 15
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
