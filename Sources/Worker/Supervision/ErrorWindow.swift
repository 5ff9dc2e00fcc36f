import Shared

/// Counts the requests that ended within a time, from the counters on workers' cards (pure).
struct ErrorWindow: Sendable {
    struct Count: Sendable, Equatable {
        var done = 0
        var failed = 0

        var total: Int { done.addingClamped(failed) }
        var share: Double { total > 0 ? Double(failed) / Double(total) : 0 }
    }

    private let length: Duration
    /// By worker.
    private var last: [String: Count] = [:]
    private var steps: [(at: ContinuousClock.Instant, count: Count)] = []

    init(_ length: Duration) { self.length = length }

    /// Adds what has ended since the look before, and returns the sum of all looks within the time.
    ///
    /// What a worker had counted when it was seen first belongs to no look.
    mutating func look(_ cards: [String: WorkerCard], at now: ContinuousClock.Instant) -> Count {
        var step = Count()
        let counts = cards.compactMapValues { card in
            card.totals.map { Count(done: $0.done, failed: $0.errors) }
        }
        for (worker, count) in counts {
            guard let before = last[worker] else { continue }
            step.done = step.done.addingClamped(max(0, count.done - before.done))
            step.failed = step.failed.addingClamped(max(0, count.failed - before.failed))
        }
        last = counts
        if step.total > 0 { steps.append((now, step)) }
        steps.removeAll { now - $0.at > length }
        return steps.reduce(into: Count()) { sum, step in
            sum.done = sum.done.addingClamped(step.count.done)
            sum.failed = sum.failed.addingClamped(step.count.failed)
        }
    }
}
