import Shared

/// State of one model at the moment of a decision, as the router gathers it for a strategy.
struct Standing: Sendable, Equatable {
    var model: Model
    /// Expected cost of this request in US dollars (`ExpectedCost`), where 0 is free.
    var cost: Double
    /// From 0 to 1, the best of its usable accounts.
    var health: Double
    /// Seconds to the first token (to the answer, where answers are whole), smoothed, or `nil` before it was measured.
    var firstToken: Double?
    /// From 0 to 1: the most that one of its accounts has left of its limits.
    var headroom: Double
    /// Requests running on its accounts now, all workers together.
    var inFlight: Int
    /// Requests that may run on its accounts at once, where `nil` is no limit.
    var capacity: Int?

    init(
        model: Model, cost: Double = 0, health: Double = 1, firstToken: Double? = nil, headroom: Double = 1,
        inFlight: Int = 0, capacity: Int? = nil
    ) {
        self.model = model
        self.cost = cost
        self.health = health
        self.firstToken = firstToken
        self.headroom = headroom
        self.inFlight = inFlight
        self.capacity = capacity
    }

    /// Higher priority first, then higher weight, then id, so that an order never flickers.
    static func canonical(_ one: Standing, _ other: Standing) -> Bool {
        (other.model.priority, other.model.weight, one.model.id)
            < (one.model.priority, one.model.weight, other.model.id)
    }
}

extension [Standing] {
    /// Least `measure` first, equal ones in canonical order.
    func sorted(byLeast measure: (Standing) -> Double) -> [Standing] {
        map { (standing: $0, measure: measure($0)) }
            .sorted {
                $0.measure == $1.measure ? Standing.canonical($0.standing, $1.standing) : $0.measure < $1.measure
            }
            .map(\.standing)
    }
}
