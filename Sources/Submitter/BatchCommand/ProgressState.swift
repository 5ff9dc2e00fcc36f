import Shared

/// The progress of a batch (pure): counts, speed, time and money to its end, latencies.
///
/// In: the batch's row now and then, and results as they are written. The times are of any clock.
struct ProgressState {
    /// Chosen: long enough to be calm, short enough to show a change.
    private static let window = 10.0
    private struct Sample {
        let seconds: Double
        let done: Int
        let tokens: Int
    }

    private(set) var batch: Batch
    private(set) var latencies = LatencyHistogram()
    private var samples: [Sample] = []

    init(_ batch: Batch) { self.batch = batch }

    mutating func add(_ result: BatchResult) {
        if result.attempts > 0 { latencies.add(milliseconds: result.milliseconds) }
    }

    mutating func update(_ batch: Batch, at seconds: Double) {
        // Another round has fewer lines done.
        if batch.round != self.batch.round { samples = [] }
        self.batch = batch
        let tokens = batch.counts.tokens.input.addingClamped(batch.counts.tokens.output)
        samples.append(Sample(seconds: seconds, done: batch.counts.done, tokens: tokens))
        let kept = samples.lastIndex { $0.seconds <= seconds - Self.window } ?? 0
        samples.removeFirst(kept)
    }

    var total: Int { batch.counts.total }
    var done: Int { batch.counts.done }
    /// From 0 to 1.
    var share: Double { total > 0 ? min(1, Double(done) / Double(total)) : 0 }

    /// Lines in a second.
    var lineRate: Double? { rate { Double($0.done) } }
    var tokenRate: Double? { rate { Double($0.tokens) } }

    private func rate(_ value: (Sample) -> Double) -> Double? {
        guard let first = samples.first, let last = samples.last, last.seconds - first.seconds >= 0.5 else {
            return nil
        }
        return max(0, value(last) - value(first)) / (last.seconds - first.seconds)
    }

    /// `nil` while it does not move.
    var secondsLeft: Int? {
        guard let rate = lineRate, rate > 0, total > done else { return nil }
        return Int(min(Double(total - done) / rate, 1e9))
    }

    /// Money spent, and an estimate for all lines, by currency.
    var costs: [(currency: String, spent: Double, total: Double)] {
        batch.counts.cost.sorted { $0.key < $1.key }.map { currency, spent in
            (currency, spent, done > 0 && total > done ? spent / Double(done) * Double(total) : spent)
        }
    }
}
