import Shared

/// State of an account for a model at the moment of a decision.
struct RouteKnowledge: Sendable {
    var fitness: RouteFitness
    var load: AccountLoads.Load
    /// The reason for which this worker cannot open the account's key, or `nil` where it can.
    var lock: KeyLock?

    init(fitness: RouteFitness, load: AccountLoads.Load = .init(), lock: KeyLock? = nil) {
        self.fitness = fitness
        self.load = load
        self.lock = lock
    }
}

/// Health of an account for a model, as routing needs it.
struct RouteFitness: Sendable, Equatable {
    enum Use: Sendable, Equatable {
        case ready
        /// The circuit is half open: one request may try, under this name.
        case trial(String)
        /// The circuit is open.
        case open
        case coolDown(Duration, isForCapacity: Bool)
        case disabled
    }

    var use: Use
    /// 0…1.
    var score: Double
    /// Seconds to the first token, moving average, or `nil` until something was answered.
    var firstToken: Double?
}

extension RouteFitness {
    /// Combines the health of the account as a whole and of this route, each `nil` where nothing was observed.
    init(of route: Route, account: RouteHealth?, own: RouteHealth?, _ rules: HealthRules, at now: Int64) {
        use = Self.use(of: route, account, own, at: now)
        score = min(account?.score(rules) ?? 1, own?.score(rules) ?? 1)
        firstToken = own?.firstToken
    }

    private static func use(of route: Route, _ account: RouteHealth?, _ own: RouteHealth?, at now: Int64) -> Use {
        if account?.isDisabled == true { return .disabled }
        let forAccount = account?.isForCapacity ?? true
        let forOwn = own?.isForCapacity ?? true
        switch (account?.coolDown(at: now), own?.coolDown(at: now)) {
        case (let left?, nil): return .coolDown(left, isForCapacity: forAccount)
        case (nil, let left?): return .coolDown(left, isForCapacity: forOwn)
        case (let one?, let other?): return .coolDown(max(one, other), isForCapacity: forAccount && forOwn)
        case (nil, nil): break
        }
        let circuits = (account?.circuit(at: now) ?? .closed, own?.circuit(at: now) ?? .closed)
        if circuits.0 == .open || circuits.1 == .open { return .open }
        // One trial of whatever is half open: the account as a whole, or this route.
        if circuits.0 == .halfOpen { return .trial(route.accountKey.text) }
        if circuits.1 == .halfOpen { return .trial(route.key.text) }
        return .ready
    }
}

/// Reason for which the key of an account stays sealed in this worker.
enum KeyLock: Error, Sendable, Equatable {
    /// Sealed with a master key that this worker does not have: another worker may open it.
    case otherMasterKey
    /// The sealed text is damaged: nobody can open it.
    case damaged
}
