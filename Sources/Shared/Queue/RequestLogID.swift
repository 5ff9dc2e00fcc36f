/// The ID of a log record, attempt and sequence number, written `<attempt>-<seq>`.
///
/// Greater means later.
///
/// Attempt 0 is the queue's own record (`0-1`), seq 0 the start of an attempt, both without text for the caller.
package struct RequestLogID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let attempt: UInt64
    package let seq: UInt64

    package static let end = RequestLogID(attempt: .max, seq: 0)
    /// Below every record: reading after it gives the whole log.
    package static let beginning = RequestLogID(attempt: 0, seq: 0)

    package init(attempt: UInt64, seq: UInt64) {
        self.attempt = attempt
        self.seq = seq
    }

    /// `nil` for anything but two unsigned numbers with a dash between them.
    ///
    /// Also reads a caller's `Last-Event-ID`.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard let dash = bytes.firstIndex(of: UInt8(ascii: "-")),
            let attempt = Self.number(bytes[..<dash]), let seq = Self.number(bytes[bytes.index(after: dash)...])
        else { return nil }
        self.init(attempt: attempt, seq: seq)
    }

    /// A record that shows the caller nothing: queued, started, or none at all.
    package var isSilent: Bool { self != .end && (seq == 0 || attempt == 0) }

    package static func < (one: RequestLogID, other: RequestLogID) -> Bool {
        (one.attempt, one.seq) < (other.attempt, other.seq)
    }

    package var description: String { "\(attempt)-\(seq)" }

    static func number(_ digits: some Sequence<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        for digit in digits {
            guard digit.isASCIIDigit, count < 20 else { return nil }
            let (scaled, isTooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = scaled.addingReportingOverflow(UInt64(digit - 48))
            guard !isTooBig, !overflows else { return nil }
            value = sum
            count += 1
        }
        return count == 0 ? nil : value
    }
}
