/// The card that a worker keeps beside each shard's queue: `jobs=3 slots=50 done=7120 failed=4`.
///
/// For a minute after it ended in good order it is `left=1`.
///
/// People look at it, and alerts are raised by it. No request's way depends on it. Words of other versions are ignored,
/// and a number that is missing is not known.
package struct WorkerCard: Sendable, Equatable {
    /// Jobs of this shard that run in the worker.
    package var jobs: Int?
    /// Jobs that the worker runs at once, of all shards together.
    package var slots: Int?
    /// Jobs of all shards that were answered since the worker's start.
    package var done: Int?
    /// Those that ended with an error which is not the caller's.
    package var failed: Int?
    package var hasLeft = false

    /// The card of a worker that has ended in good order.
    package static var left: WorkerCard {
        var card = WorkerCard(jobs: nil, slots: nil)
        card.hasLeft = true
        return card
    }

    package init(jobs: Int?, slots: Int?, done: Int? = nil, failed: Int? = nil) {
        (self.jobs, self.slots, self.done, self.failed) = (jobs, slots, done, failed)
    }

    package init(_ text: String) {
        for word in text.split(separator: " ").prefix(8) {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[1]) else { continue }
            switch parts[0] {
            case "jobs": jobs = Bounds.count(number)
            case "slots": slots = Bounds.count(number)
            case "done": done = number.clamped(to: Self.totals)
            case "failed": failed = number.clamped(to: Self.totals)
            case "left": hasLeft = number == 1
            default: continue
            }
        }
    }

    /// Chosen: no worker counts so far in years, and sums of all workers have room.
    private static let totals = 0...(1 << 48)

    package var text: String {
        let known: [(String, Int?)] = [
            ("jobs", jobs), ("slots", slots), ("done", done), ("failed", failed), ("left", hasLeft ? 1 : nil),
        ]
        return known.compactMap { name, number in number.map { "\(name)=\($0)" } }.joined(separator: " ")
    }
}
