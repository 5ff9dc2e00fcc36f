import Shared

/// Masks JSON byte for byte: structure, the platform's own words and counts are kept, all other content is masked.
///
/// In: bytes in one or several ranges (the `data` lines of an event). The JSON may be whole, cut or broken. No tree is
/// built, so faults that no parser accepts (duplicate members, control characters, `NaN`, a missing end) are kept.
/// Anything not understood is masked.
struct JSONMask {
    private struct Frame {
        let isArray: Bool
        /// Written by the caller or the model.
        let isFree: Bool
        /// The member being read, or in a list the member that holds the list.
        var key: String
        var wantsKey: Bool
    }

    private let identity: IdentityMask
    private var stack: [Frame] = []
    /// The previous range ended inside a string.
    private var isInString = false

    init(_ identity: IdentityMask) { self.identity = identity }

    /// Nothing is open.
    var isIdle: Bool { stack.isEmpty && !isInString }

    mutating func mask(_ bytes: inout [UInt8], _ range: Range<Int>) {
        var index = range.lowerBound
        if isInString {
            let end = Self.stringEnd(bytes, index, range.upperBound)
            TextMask(isEscaped: true).mask(&bytes, index..<end)
            isInString = end == range.upperBound
            index = end + 1
        }
        while index < range.upperBound { index = token(&bytes, index, range.upperBound) }
    }

    /// Masks the token at `index` and returns the index behind it.
    private mutating func token(_ bytes: inout [UInt8], _ index: Int, _ end: Int) -> Int {
        switch bytes[index] {
        case UInt8(ascii: "\""): return string(&bytes, index, end)
        case UInt8(ascii: "{"): open(isArray: false)
        case UInt8(ascii: "["): open(isArray: true)
        case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = stack.popLast()
        case UInt8(ascii: ","): if let frame = stack.last, !frame.isArray { stack[stack.count - 1].wantsKey = true }
        case UInt8(ascii: ":"): if !stack.isEmpty { stack[stack.count - 1].wantsKey = false }
        case let byte where byte.isASCIIDigit || byte == UInt8(ascii: "-"): return number(&bytes, index, end)
        case let byte where byte.isASCIILetter: return word(&bytes, index, end)
        case let byte where byte >= 0x80:
            let run = bytes[index..<end].prefix { $0 >= 0x80 }
            TextMask().mask(&bytes, run.startIndex..<run.endIndex)
            return run.endIndex
        default: break
        }
        return index + 1
    }

    private mutating func open(isArray: Bool) {
        let key = stack.last?.key ?? ""
        stack.append(Frame(isArray: isArray, isFree: isFree(key, isArray: isArray), key: key, wantsKey: !isArray))
    }

    /// True when the container that opens now holds the caller's or the model's content.
    private func isFree(_ key: String, isArray: Bool) -> Bool {
        guard let frame = stack.last else { return false }
        if frame.isFree || frame.isArray { return frame.isFree }
        if stack.count == 1, MaskVocabulary.outermostContainers.contains(key) { return false }
        // The parts of a content list are the platform's. An object in their place is the caller's or the model's.
        return !MaskVocabulary.containers.contains(key) || key == "content" && !isArray
    }

    // MARK: - Outside strings

    private func number(_ bytes: inout [UInt8], _ index: Int, _ end: Int) -> Int {
        let run = bytes[index..<end].prefix { $0.isASCIIDigit || "+-.eE".utf8.contains($0) }
        guard let frame = stack.last, frame.isFree || frame.isArray || MaskVocabulary.isIdentity(frame.key) else {
            return run.endIndex
        }
        for place in run.indices where bytes[place].isASCIIDigit { bytes[place] = UInt8(ascii: "1") }
        return run.endIndex
    }

    private func word(_ bytes: inout [UInt8], _ index: Int, _ end: Int) -> Int {
        let run = bytes[index..<end].prefix { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "_") }
        if !MaskVocabulary.literals.contains(String(decoding: run, as: UTF8.self)) {
            TextMask().mask(&bytes, run.startIndex..<run.endIndex)
        }
        return run.endIndex
    }

    // MARK: - Strings

    private mutating func string(_ bytes: inout [UInt8], _ index: Int, _ end: Int) -> Int {
        let close = Self.stringEnd(bytes, index + 1, end)
        let range = index + 1..<close
        isInString = close == end
        if !isInString, stack.last?.wantsKey == true, Self.isKey(bytes, close + 1, end) {
            let name = String(decoding: bytes[range], as: UTF8.self)
            stack[stack.count - 1].key = name
            if !keeps(key: name, bytes[range]) { maskIdentity(&bytes, range) }
        } else {
            value(&bytes, range)
        }
        return close + 1
    }

    private func value(_ bytes: inout [UInt8], _ range: Range<Int>) {
        let key = stack.last?.key ?? ""
        guard !keeps(bytes[range], of: key) else { return }
        if MaskVocabulary.isIdentity(key) { return maskIdentity(&bytes, range) }
        TextMask(isEscaped: true, keepsLiterals: MaskVocabulary.arguments.contains(key)).mask(&bytes, range)
    }

    private func maskIdentity(_ bytes: inout [UInt8], _ range: Range<Int>) {
        TextMask(isEscaped: true, digest: identity.digest(bytes[range])).mask(&bytes, range)
    }

    private func keeps(key: String, _ text: ArraySlice<UInt8>) -> Bool {
        guard let frame = stack.last, MaskVocabulary.isName(text), !text[text.startIndex].isASCIIDigit else {
            return false
        }
        return !frame.isFree || MaskVocabulary.members.contains(key)
    }

    private func keeps(_ text: ArraySlice<UInt8>, of key: String) -> Bool {
        let isPlatforms = MaskVocabulary.names.contains(key)
        guard !isInString, MaskVocabulary.isName(text), isPlatforms || MaskVocabulary.choices.contains(key) else {
            return false
        }
        if MaskVocabulary.words.contains(String(decoding: text, as: UTF8.self)) { return true }
        return isPlatforms && stack.last?.isFree == false
    }

    /// The index of the closing quote, `end` where there is none.
    private static func stringEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(index, end)
    }

    private static func isKey(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Bool {
        guard start < end else { return false }
        return bytes[start..<end].first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: ":")
    }
}
