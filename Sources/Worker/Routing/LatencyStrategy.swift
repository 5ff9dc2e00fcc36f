/// `latency_based`: the quickest to a first token first.
///
/// A model that was never measured counts as quick as the quickest one, so that priority decides between the two. One
/// decision in twenty looks around instead: it tries a random unmeasured model first, or any model where all are
/// measured, since one that was slow an hour ago would never be measured again.
struct LatencyStrategy: RoutingStrategy {
    /// Chosen: a change shows within some dozens of requests, and 95 % of them go where they are answered quickest.
    static let exploration = 0.05

    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        let best = standings.compactMap(\.firstToken).min() ?? 0
        var order = standings.sorted(byLeast: { $0.firstToken ?? best })
        guard order.count > 1, dice.random() < LatencyStrategy.exploration else { return order }
        let unmeasured = order.indices.filter { order[$0].firstToken == nil }
        let pool = unmeasured.isEmpty ? Array(order.indices) : unmeasured
        order.insert(order.remove(at: pool[dice.index(below: pool.count)]), at: 0)
        return order
    }
}
