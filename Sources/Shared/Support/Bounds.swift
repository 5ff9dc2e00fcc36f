/// Bounds for values from outside, applied once, where they are decoded.
///
/// Arithmetic behind can then not overflow: a row's numbers, added up a billion times, still fit 64 bits.
package enum Bounds {
    /// Tokens and other counts of one request.
    ///
    /// Chosen: far beyond any model, and sums of two fit 32 bits.
    package static let counts = 0...(1 << 30)

    /// Milliseconds since 1970, up to the end of the year 9999.
    package static let moments: ClosedRange<Int64> = 0...253_402_300_799_999

    /// Seconds since 1970, up to the same end.
    package static let moment = 0...253_402_300_799

    /// The time at which a ledger row may have begun: the years 2020 to 2099.
    ///
    /// A wrong clock must not make a partition of the year 9999. The bound is the same for every copy of a row, since
    /// the time is part of its key.
    package static let ledger: ClosedRange<Int64> = 1_577_836_800_000...4_102_444_799_999

    /// Milliseconds that an attempt may take.
    ///
    /// Chosen: 24 days, what `Int32` holds, where no deadline is longer than one.
    package static let length: ClosedRange<Int64> = 0...Int64(Int32.max)

    /// The range of `numeric(20, 10)` before its point.
    package static let cost = 0.0...9_999_999_999.0

    // Bytes of texts in an index of PostgreSQL, which holds 2,704 a row, or in a key of Redis. The widest index, that
    // of the hourly sums, has one of each but `id`: 1,232 bytes.
    package static let id = 128
    package static let tenant = 128
    package static let user = 512
    /// Models, accounts, providers, workers, shims, and names that platforms use.
    package static let name = 256
    package static let currency = 16

    package static func count(_ number: Int) -> Int { min(max(number, counts.lowerBound), counts.upperBound) }
}

extension FixedWidthInteger {
    /// The sum, or the bound that it goes beyond.
    package func addingClamped(_ other: Self) -> Self {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the bound that it goes beyond.
    package func subtractingClamped(_ other: Self) -> Self {
        let (difference, overflows) = subtractingReportingOverflow(other)
        return overflows ? (other < 0 ? .max : .min) : difference
    }
}

extension Comparable {
    package func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}

extension String {
    /// As PostgreSQL's text can hold it: NUL as U+FFFD, and at most `limit` bytes, cut between two characters of UTF-8.
    package func clipped(toBytes limit: Int) -> String {
        var text = self
        if text.hasNUL {
            text = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : $0 }))
        }
        guard text.utf8.count > limit else { return text }
        var bytes = Array(text.utf8.prefix(limit + 1))
        // The last byte is one too many. The bytes of a character that it continues go with it.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads to the end, since most texts have none and a loop without exit is vectorised.
    private var hasNUL: Bool {
        let bytes = utf8.span
        var found: UInt8 = 0
        for index in bytes.indices { found |= bytes[index] == 0 ? 1 : 0 }
        return found != 0
    }
}
