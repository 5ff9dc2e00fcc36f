/// `adaptive`: health, headroom, price and speed weighed together, by the power of two choices.
///
/// The score of a model, from 0 to 1:
///
///     score = health² × headroom × price × speed
///     price = mean cost / (mean cost + cost)        1 for a free one, 1/2 for an average one; 1 where all are free
///     speed = mean time / (mean time + time)        of those measured; 1 where it is not measured
///
/// 1. Two different models are drawn, each equally likely.
/// 2. The first of them wins with probability `a² / (a² + b²)`, kept between 1 and 99 per cent. So equals share evenly,
///    a model half as good gets one in five of their meetings, and a bad one just enough that its recovery is noticed.
/// 3. The others follow by score, for failover.
///
/// Draws two rather than taking the best, since many workers that all pick the best of the same moment crowd it.
struct AdaptiveStrategy: RoutingStrategy {
    let looksAtLoads = true

    /// Chosen: a route that recovers is met again within some hundred requests.
    static let leastChance = 0.01

    func order(_ standings: [Standing], _ dice: RoutingDice) -> [Standing] {
        guard standings.count > 1 else { return standings }
        let scores = Scores(standings)
        var order = standings.sorted(byLeast: { -scores.score(of: $0) })
        let one = dice.index(below: order.count)
        let step = 1 + dice.index(below: order.count - 1)
        let other = (one + step) % order.count
        let chance = chance(of: scores.score(of: order[one]), against: scores.score(of: order[other]))
        let winner = dice.random() < chance ? one : other
        order.insert(order.remove(at: winner), at: 0)
        return order
    }

    private func chance(of score: Double, against other: Double) -> Double {
        let (mine, theirs) = (score * score, other * other)
        guard mine + theirs > 0 else { return 0.5 }
        let least = AdaptiveStrategy.leastChance
        return min(max(mine / (mine + theirs), least), 1 - least)
    }

    /// The scores of one decision: price and speed are relative to those of the others.
    private struct Scores {
        let meanCost: Double
        let meanTime: Double

        init(_ standings: [Standing]) {
            let times = standings.compactMap(\.firstToken)
            meanCost = standings.reduce(0) { $0 + $1.cost } / Double(standings.count)
            meanTime = times.isEmpty ? 0 : times.reduce(0, +) / Double(times.count)
        }

        func score(of standing: Standing) -> Double {
            let price = share(of: meanCost, and: standing.cost)
            let speed = standing.firstToken.map { share(of: meanTime, and: $0) } ?? 1
            return standing.health * standing.health * standing.headroom * price * speed
        }

        private func share(of mean: Double, and value: Double) -> Double { mean > 0 ? mean / (mean + value) : 1 }
    }
}
