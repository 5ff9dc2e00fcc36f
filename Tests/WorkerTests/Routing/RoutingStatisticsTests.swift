import Shared
import Testing

@testable import Worker

/// Each strategy over 10,000 decisions.
@Suite struct RoutingStatisticsTests {
    @Test(arguments: [[5, 3, 2], [1, 1], [90, 9, 1], [7, 0, 3], [1, 2, 3, 4, 5, 6, 7, 8]])
    func `weighted is within two per cent of the weights`(_ weights: [Int]) {
        let standings = weights.enumerated().map { Standing.named("m\($0.offset)", weight: $0.element) }
        let firsts = RoutingStrategyName.weighted.firsts(standings)
        for (index, weight) in weights.enumerated() {
            let share = Double(firsts["m\(index)"] ?? 0) / 10_000
            let wanted = Double(weight) / Double(weights.reduce(0, +))
            #expect(abs(share - wanted) < 0.02, "\(index): \(share), not \(wanted)")
        }
    }

    @Test func `weighted fails over in proportion, too`() {
        let standings = [
            Standing.named("a", weight: 6), .named("b", weight: 3), .named("c", weight: 1),
        ]
        let dice = SeededDice()
        var seconds: [String: Int] = [:]
        for _ in 0..<10_000 {
            let order = RoutingStrategyName.weighted.strategy.order(standings, dice.dice()).map(\.model.id)
            if order[0] == "a" { seconds[order[1], default: 0] += 1 }
        }
        let share = Double(seconds["b"] ?? 0) / Double((seconds["b"] ?? 0) + (seconds["c"] ?? 0))
        #expect(abs(share - 0.75) < 0.02)
    }

    @Test func `models that all weigh nothing are still tried`() {
        #expect(RoutingStrategyName.weighted.order([.named("b", weight: 0), .named("a", weight: 0)]) == ["a", "b"])
    }

    @Test(arguments: 1...7)
    func `round robin is exact`(_ count: Int) {
        let standings = (0..<count).map { Standing.named("m\($0)", priority: $0) }
        let firsts = RoutingStrategyName.roundRobin.firsts(standings)
        let counts = standings.map { firsts[$0.model.id] ?? 0 }
        #expect(counts.reduce(0, +) == 10_000)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }

    @Test func `round robin goes on where the counter wraps around`() {
        let standings = ["a", "b", "c"].map { Standing.named($0) }
        #expect(RoutingStrategyName.roundRobin.order(standings, turn: -1) == ["c", "a", "b"])
        #expect(RoutingStrategyName.roundRobin.order(standings, turn: .min).count == 3)
    }

    @Test func `latency based measures a model that priority would never reach`() {
        let standings: [Standing] = [.named("known", firstToken: 0.5, priority: 9), .named("unknown")]
        let firsts = RoutingStrategyName.latencyBased.firsts(standings)
        #expect((300...700).contains(firsts["unknown"] ?? 0))
    }

    @Test func `latency based looks at a slow model again now and then`() {
        let standings: [Standing] = [.named("quick", firstToken: 0.5), .named("slow", firstToken: 9)]
        #expect((150...350).contains(RoutingStrategyName.latencyBased.firsts(standings)["slow"] ?? 0))
    }

    @Test func `least busy levels a load in proportion to the limits`() {
        let capacities = ["a": 10, "b": 20, "c": 30]
        var running: [String: Int] = [:]
        let chance = SeededDice(seed: 3)
        var widest = 0.0
        for step in 0..<10_000 {
            let standings = capacities.map {
                Standing.named($0.key, inFlight: running[$0.key] ?? 0, capacity: $0.value)
            }
            running[RoutingStrategyName.leastBusy.order(standings)[0], default: 0] += 1
            // 40 run at once. Chance decides which one ends, by how many run.
            if step >= 40 {
                var mark = Int(chance.random() * 41)
                for id in running.keys.sorted() {
                    mark -= running[id] ?? 0
                    if mark < 0 {
                        running[id, default: 0] -= 1
                        break
                    }
                }
            }
            guard step >= 100 else { continue }
            let loads = capacities.map { Double(running[$0.key] ?? 0) / Double($0.value) }
            widest = max(widest, (loads.max() ?? 0) - (loads.min() ?? 0))
        }
        #expect(widest < 0.35)
        #expect(running.values.reduce(0, +) == 40)
    }
}

/// `adaptive` over 10,000 decisions.
@Suite struct AdaptiveStrategyTests {
    /// The better one, the worse one, the share that the better one gets.
    private static let table: [(Standing, Standing, ClosedRange<Double>)] = [
        (.named("good"), .named("bad", health: 0), 0.98...0.995),
        (.named("good", health: 1), .named("bad", health: 0.7), 0.75...0.85),
        (.named("good", headroom: 0.8), .named("bad", headroom: 0.2), 0.92...0.96),
        (.named("good", cost: 1), .named("bad", cost: 10), 0.82...0.95),
        (.named("good", cost: 0), .named("bad", cost: 1), 0.82...0.95),
        (.named("good", firstToken: 0.2), .named("bad", firstToken: 2), 0.82...0.95),
        (.named("good"), .named("bad", headroom: 0), 0.98...0.995),
    ]

    @Test(arguments: table)
    func `the better of two is preferred, and the worse one never starves`(
        _ good: Standing, _ bad: Standing, _ range: ClosedRange<Double>
    ) {
        let share = Double(RoutingStrategyName.adaptive.firsts([bad, good])["good"] ?? 0) / 10_000
        #expect(range.contains(share), "\(share)")
    }

    @Test func `equals share evenly, free ones included`() {
        let standings = (0..<5).map { Standing.named("m\($0)", firstToken: 0.3, priority: $0) }
        for count in RoutingStrategyName.adaptive.firsts(standings).values {
            #expect((1_800...2_200).contains(count))
        }
        let dead = (0..<4).map { Standing.named("m\($0)", health: 0) }
        #expect(RoutingStrategyName.adaptive.firsts(dead).count == 4)
    }

    @Test func `a crowd of good ones is not led by one`() {
        let standings =
            (0..<8).map { Standing.named("m\($0)", health: 1 - Double($0) * 0.02) } + [.named("ill", health: 0.1)]
        let firsts = RoutingStrategyName.adaptive.firsts(standings)
        #expect((firsts["ill"] ?? 0) > 5)
        #expect((firsts["ill"] ?? 0) < 100)
        #expect((firsts.values.max() ?? 0) < 2_500)
    }

    @Test func `after the first the rest follow by score`() {
        let standings: [Standing] = [.named("a", health: 0.2), .named("b", health: 0.9), .named("c", health: 0.5)]
        for seed in UInt64(0)..<50 {
            let rest = RoutingStrategyName.adaptive.order(standings, seed: seed).dropFirst()
            #expect(Array(rest) == ["b", "c", "a"].filter(rest.contains))
        }
    }
}
