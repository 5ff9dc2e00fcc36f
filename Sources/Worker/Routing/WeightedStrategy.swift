import Shared

/// `weighted`: a draw without replacement, so that each model is first as often as its share of all weights.
///
/// What fails falls over to the others in proportion, too. A weight of 0 is tried last.
struct WeightedStrategy: RoutingStrategy {
    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        // Canonical first: the draw must not depend on the order in which the standings came.
        var left = standings.sorted(by: Standing.canonical)
        var drawn: [Standing] = []
        drawn.reserveCapacity(left.count)
        while !left.isEmpty { drawn.append(left.remove(at: draw(left, dice))) }
        return drawn
    }

    private func draw(_ left: [Standing], _ dice: RoutingDice) -> Int {
        let weights = left.map { Double(max($0.model.weight, 0)) }
        var mark = dice.random() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            mark -= weight
            if mark < 0 { return index }
        }
        // Only weights of 0 are left, or the sum was rounded.
        return weights.lastIndex { $0 > 0 } ?? 0
    }
}
