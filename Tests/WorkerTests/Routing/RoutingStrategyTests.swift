import Shared
import Testing

@testable import Worker

@Suite struct RoutingStrategyTests {
    /// Strategy, standings, the order expected, and dice at which nothing is left to chance.
    private static let table: [(RoutingStrategyName, [Standing], [String])] = [
        (.priority, [.named("a", priority: 1), .named("b", priority: 9), .named("c", priority: -3)], ["b", "a", "c"]),
        (.priority, [.named("b"), .named("a"), .named("c", weight: 2)], ["c", "a", "b"]),
        (.costBased, [.named("dear", cost: 3, priority: 9), .named("cheap", cost: 0.5)], ["cheap", "dear"]),
        (.costBased, [.named("paid", cost: 1e-9), .named("free", cost: 0)], ["free", "paid"]),
        (
            .costBased, [.named("a", cost: 2), .named("c", cost: 2, priority: 1), .named("b", cost: 2)],
            ["c", "a", "b"]
        ),
        (.healthBased, [.named("ill", health: 0.2, priority: 9), .named("well", health: 0.9)], ["well", "ill"]),
        (.healthBased, [.named("a", health: 0.99), .named("b", health: 0.9912, priority: -1)], ["a", "b"]),
        (.healthBased, [.named("dead", health: 0), .named("b", health: 0.01)], ["b", "dead"]),
        (
            .latencyBased, [.named("slow", firstToken: 2, priority: 9), .named("quick", firstToken: 0.2)],
            ["quick", "slow"]
        ),
        (.latencyBased, [.named("a"), .named("b", priority: 1), .named("c")], ["b", "a", "c"]),
        (.leastBusy, [.named("a", inFlight: 3), .named("b", inFlight: 2)], ["b", "a"]),
        (.leastBusy, [.named("a", inFlight: 2, capacity: 4), .named("b", inFlight: 4, capacity: 20)], ["b", "a"]),
        (.leastBusy, [.named("open", inFlight: 6), .named("full", inFlight: 10, capacity: 10)], ["open", "full"]),
        (.leastBusy, [.named("shut", capacity: 0), .named("b", inFlight: 9, capacity: 10)], ["b", "shut"]),
        (.leastBusy, [.named("a"), .named("b", priority: 1)], ["b", "a"]),
    ]

    @Test(arguments: table)
    func `each strategy has its order`(_ name: RoutingStrategyName, _ standings: [Standing], _ expected: [String]) {
        // 0.99: no look around.
        let dice = RoutingDice(turn: 0, random: { 0.99 })
        for standings in [standings, standings.reversed()] {
            #expect(name.strategy.order(standings, dice).map(\.model.id) == expected)
        }
    }

    @Test func `a model that was never measured counts as quick as the quickest`() {
        let standings: [Standing] = [
            .named("slow", firstToken: 2, priority: 5), .named("quick", firstToken: 0.3, priority: 1),
            .named("better", priority: 2), .named("worse", priority: 0),
        ]
        let dice = RoutingDice(turn: 0, random: { 0.99 })
        let order = RoutingStrategyName.latencyBased.strategy.order(standings, dice)
        #expect(order.map(\.model.id) == ["better", "quick", "worse", "slow"])
    }

    @Test(arguments: RoutingStrategyName.allCases)
    func `an order is a permutation, and the same for equal dice whatever the order given`(_ name: RoutingStrategyName)
    {
        let chance = SeededDice(seed: 7)
        for round in 0..<300 {
            let standings = (0..<Int(chance.random() * 9)).map { index in
                Standing.named(
                    "m\(index)", cost: chance.random() < 0.3 ? 0 : chance.random(), health: chance.random(),
                    firstToken: chance.random() < 0.4 ? nil : chance.random(), headroom: chance.random(),
                    inFlight: Int(chance.random() * 9),
                    capacity: chance.random() < 0.5 ? nil : Int(chance.random() * 9),
                    priority: Int(chance.random() * 3), weight: Int(chance.random() * 4))
            }
            let (turn, seed) = (round - 100, UInt64(round))
            let order = name.order(standings, turn: turn, seed: seed)
            #expect(order.sorted() == standings.map(\.model.id).sorted())
            #expect(order == name.order(standings.reversed(), turn: turn, seed: seed))
        }
    }

    @Test func `every strategy can be named`() {
        #expect(
            RoutingStrategyName.allCases.map(\.rawValue) == [
                "priority", "cost_based", "round_robin", "weighted", "health_based", "latency_based", "least_busy",
                "adaptive",
            ])
    }
}
