/// The card that a worker keeps beside each shard's queue, for people: `jobs=3 slots=50`.
///
/// No process decides anything by it. Words of other versions are ignored, and a number that is missing is not known.
package struct WorkerCard: Sendable, Equatable {
    /// Jobs of this shard that run in the worker.
    package var jobs: Int?
    /// Jobs that the worker runs at once, of all shards together.
    package var slots: Int?

    package init(jobs: Int?, slots: Int?) {
        self.jobs = jobs
        self.slots = slots
    }

    package init(_ text: String) {
        for word in text.split(separator: " ").prefix(8) {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[1]).map(Bounds.count) else { continue }
            switch parts[0] {
            case "jobs": jobs = number
            case "slots": slots = number
            default: continue
            }
        }
    }

    package var text: String {
        let known: [(String, Int?)] = [("jobs", jobs), ("slots", slots)]
        return known.compactMap { name, number in number.map { "\(name)=\($0)" } }.joined(separator: " ")
    }
}
