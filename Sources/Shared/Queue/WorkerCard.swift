/// The card that a worker keeps beside each shard's queue: `jobs=3 slots=50 attempts=9 failed=1 …`.
///
/// For a minute after it ended in good order it is `left=1`.
///
/// People look at it, and alerts are raised by it. No request's way depends on it. Words of other versions are ignored,
/// and a number that is missing is not known.
package struct WorkerCard: Sendable, Equatable {
    /// Sums over all shards since the worker's start.
    package struct Totals: Sendable, Equatable {
        /// Attempts that have ended, kept answers and refusals included.
        package var attempts = 0
        /// Those that ended with an error.
        package var failed = 0
        package var inputTokens = 0
        package var outputTokens = 0
        /// Requests that were answered.
        package var done = 0
        /// Requests that ended with an error which is not the caller's.
        package var errors = 0

        package init() {}
    }

    /// Jobs of this shard that run in the worker.
    package var jobs: Int?
    /// Jobs that the worker runs at once, of all shards together.
    package var slots: Int?
    package var totals: Totals?
    package var hasLeft = false

    /// The card of a worker that has ended in good order.
    package static var left: WorkerCard {
        var card = WorkerCard(jobs: nil, slots: nil)
        card.hasLeft = true
        return card
    }

    package init(jobs: Int?, slots: Int?, totals: Totals? = nil) {
        self.jobs = jobs
        self.slots = slots
        self.totals = totals
    }

    package init(_ text: String) {
        var numbers: [Substring: Int] = [:]
        for word in text.split(separator: " ").prefix(16) {
            let parts = word.split(separator: "=", maxSplits: 1)
            if parts.count == 2, let number = Int(parts[1]) { numbers[parts[0]] = number }
        }
        jobs = numbers["jobs"].map(Bounds.count)
        slots = numbers["slots"].map(Bounds.count)
        totals = Totals(numbers)
        hasLeft = numbers["left"] == 1
    }

    package var text: String {
        let known: [(String, Int?)] = [
            ("jobs", jobs), ("slots", slots), ("attempts", totals?.attempts), ("failed", totals?.failed),
            ("input", totals?.inputTokens), ("output", totals?.outputTokens), ("done", totals?.done),
            ("errors", totals?.errors), ("left", hasLeft ? 1 : nil),
        ]
        return known.compactMap { name, number in number.map { "\(name)=\($0)" } }.joined(separator: " ")
    }
}

extension WorkerCard.Totals {
    /// Chosen: no worker counts so far in years, and sums of all workers have room.
    private static let most = 1 << 48

    /// `nil` for the card of a version that does not write them.
    fileprivate init?(_ numbers: [Substring: Int]) {
        guard numbers["attempts"] != nil else { return nil }
        func number(_ name: Substring) -> Int { (numbers[name] ?? 0).clamped(to: 0...Self.most) }
        attempts = number("attempts")
        failed = number("failed")
        inputTokens = number("input")
        outputTokens = number("output")
        done = number("done")
        errors = number("errors")
    }

    package static func + (one: Self, other: Self) -> Self {
        var sum = Self()
        sum.attempts = one.attempts.addingClamped(other.attempts)
        sum.failed = one.failed.addingClamped(other.failed)
        sum.inputTokens = one.inputTokens.addingClamped(other.inputTokens)
        sum.outputTokens = one.outputTokens.addingClamped(other.outputTokens)
        sum.done = one.done.addingClamped(other.done)
        sum.errors = one.errors.addingClamped(other.errors)
        return sum
    }
}
