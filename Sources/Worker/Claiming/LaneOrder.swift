import Shared

/// Order in which the lanes are asked for work, and the share of the free slots that each may take.
///
/// Smooth weighted round robin: with weights 8 : 4 : 1 and one free slot at a time, thirteen claims ask `high` first
/// eight times, `normal` four times and `batch` once, evenly spread. A lane without work gives its share away.
struct LaneOrder: Sendable {
    private let weights: [(lane: Lane, weight: Int)]
    private var credit: [Int]

    /// Weights are 1 or more, and every lane needs one, so that none starves.
    init(weights: [(lane: Lane, weight: Int)]) {
        self.weights = weights
        credit = Array(repeating: 0, count: weights.count)
    }

    /// The lanes, most favoured first, each with the most it may take before all others were asked.
    mutating func next(free: Int) -> [(lane: Lane, share: Int)] {
        let sum = weights.reduce(0) { $0 + $1.weight }
        for index in weights.indices { credit[index] += weights[index].weight }
        let order = weights.indices.sorted { credit[$0] > credit[$1] }
        if let first = order.first { credit[first] -= sum }
        return order.map { (weights[$0].lane, max(1, free * weights[$0].weight / sum)) }
    }
}
