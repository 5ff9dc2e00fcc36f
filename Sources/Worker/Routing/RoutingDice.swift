/// Randomness and turns of one decision, handed in so that strategies stay pure.
struct RoutingDice: Sendable {
    /// Consecutive decisions have consecutive turns.
    ///
    /// Workers hand in 0: the counter that they share is in Redis, where the limiter turns
    /// the order (`LimiterScripts`).
    var turn: Int
    /// From 0 up to, but not including, 1.
    var random: @Sendable () -> Double

    init(turn: Int, random: @escaping @Sendable () -> Double = { .random(in: 0..<1) }) {
        self.turn = turn
        self.random = random
    }

    /// From 0 up to, but not including, `count`.
    func index(below count: Int) -> Int { min(Int(random() * Double(count)), count - 1) }
}
