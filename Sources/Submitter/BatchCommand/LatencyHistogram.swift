import Shared

#if canImport(Glibc)
    import Glibc
#endif

/// Counts latencies in buckets that grow, eight for each doubling: percentiles are right to some 9 % (pure).
///
/// Its size does not depend on the number of results.
struct LatencyHistogram: Equatable {
    private static let perDoubling = 8.0
    private var counts = [Int](repeating: 0, count: 32 * 8)
    private(set) var total = 0

    mutating func add(milliseconds: Int) {
        counts[Self.bucket(milliseconds)] += 1
        total += 1
    }

    /// Milliseconds, or `nil` before the first.
    ///
    /// `share` is between 0 and 1.
    func percentile(_ share: Double) -> Int? {
        guard total > 0 else { return nil }
        let wanted = max(1, Int((Double(total) * share).rounded(.up)))
        var seen = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= wanted { return Self.middle(bucket) }
        }
        return nil
    }

    private static func bucket(_ milliseconds: Int) -> Int {
        let value = Double(milliseconds.clamped(to: 1...Int(Int32.max)))
        return min(Int(log2(value) * perDoubling), 32 * 8 - 1)
    }

    private static func middle(_ bucket: Int) -> Int { Int(exp2((Double(bucket) + 0.5) / perDoubling).rounded()) }
}
