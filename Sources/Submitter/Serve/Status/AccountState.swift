import Shared

/// The reason why an account is used or left alone (pure).
enum AccountState: String, CaseIterable, Sendable {
    case ok, resting
    case circuitOpen = "circuit_open"
    case quotaExhausted = "quota_exhausted"
    case disabled

    /// A circuit, or a rest, counts where that of every model does.
    init(_ reading: PoolReader.Reading, at now: Int64) {
        self = Self.state(reading, now)
    }

    private static func state(_ reading: PoolReader.Reading, _ now: Int64) -> AccountState {
        if reading.account.status == .disabled || reading.whole?.isDisabled == true { return .disabled }
        if let limit = reading.account.quotaLimit, let used = reading.quotaUsed, used >= limit {
            return .quotaExhausted
        }
        let routes = reading.models.values
        let rests = { (health: RouteHealth) in health.coolDown(at: now) != nil }
        let isOpen = { (health: RouteHealth) in health.circuit(at: now) == .open }
        if reading.whole.map(rests) == true { return .resting }
        if reading.whole.map(isOpen) == true { return .circuitOpen }
        guard !routes.isEmpty, routes.allSatisfy({ rests($0) || isOpen($0) }) else { return .ok }
        return routes.contains(where: rests) ? .resting : .circuitOpen
    }
}
