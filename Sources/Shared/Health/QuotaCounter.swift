/// The counter of an account's quota in Redis (`PoolKeys.quota`).
package struct QuotaCounter: Sendable, Equatable {
    /// Tokens used in the period, running reservations included.
    package let used: Int64

    /// From the fields and values of the hash, or `nil` where there is none.
    ///
    /// A counter of an older period counts as nothing used.
    package init?(_ fields: [RedisValue], period: Int64) {
        guard !fields.isEmpty else { return nil }
        var (sum, start): (Int64, Int64) = (0, 0)
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            switch fields[index].string ?? "" {
            case "p": start = fields[index + 1].int ?? 0
            case "h": break
            default: sum = sum.addingClamped(fields[index + 1].int ?? 0)
            }
        }
        used = start < period ? 0 : sum
    }
}
