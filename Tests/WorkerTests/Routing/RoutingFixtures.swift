import Shared
import Synchronization

@testable import Worker

/// SplitMix64: random enough for statistics, and the same in every run.
final class SeededDice: Sendable {
    private let state: Mutex<UInt64>

    init(seed: UInt64 = 1) { state = Mutex(seed) }

    @Sendable func random() -> Double {
        let bits = state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        return Double(bits >> 11) / Double(1 << 53)
    }

    func dice(turn: Int = 0) -> RoutingDice { RoutingDice(turn: turn, random: random) }
}

extension Standing {
    static func named(
        _ id: String, cost: Double = 0, health: Double = 1, firstToken: Double? = nil, headroom: Double = 1,
        inFlight: Int = 0, capacity: Int? = nil, priority: Int = 0, weight: Int = 1
    ) -> Standing {
        Standing(
            model: Model(id: id, provider: .sandbox, priority: priority, weight: weight), cost: cost, health: health,
            firstToken: firstToken, headroom: headroom, inFlight: inFlight, capacity: capacity)
    }
}

extension RoutingStrategyName {
    /// Ids, best first.
    func order(_ standings: [Standing], turn: Int = 0, seed: UInt64 = 1) -> [String] {
        strategy.order(standings, SeededDice(seed: seed).dice(turn: turn)).map(\.model.id)
    }

    /// The number of `decisions` in which each was first.
    func firsts(_ standings: [Standing], decisions: Int = 10_000, seed: UInt64 = 1) -> [String: Int] {
        let dice = SeededDice(seed: seed)
        var counts: [String: Int] = [:]
        for turn in 0..<decisions {
            counts[strategy.order(standings, dice.dice(turn: turn))[0].model.id, default: 0] += 1
        }
        return counts
    }
}
