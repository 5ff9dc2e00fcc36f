extension [UInt8] {
    /// Appends the number's decimal digits.
    package mutating func append(decimal number: Int64) {
        guard number >= 0 else { return append(contentsOf: String(number).utf8) }
        var (unit, rest): (Int64, Int64) = (1, number)
        while rest >= 10 {
            rest /= 10
            unit *= 10
        }
        while unit > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
            unit /= 10
        }
    }

    package mutating func append(decimal number: Int) { append(decimal: Int64(number)) }
}
