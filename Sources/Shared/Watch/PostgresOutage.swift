/// One process's view of PostgreSQL's outages (pure).
package struct PostgresOutage: Sendable {
    package enum Step: Sendable, Equatable {
        case nothing
        /// It has been away for long enough to be told of.
        case isAway(since: Int64)
        /// It is back, from an outage that was long enough.
        case isBack(since: Int64)
    }

    private let holds: Duration
    private var began: (moment: ContinuousClock.Instant, wall: Int64)?
    private var isLong = false

    package init(holds: Duration) { self.holds = holds }

    /// `wall`: milliseconds since 1970.
    package mutating func look(isAway: Bool, at now: ContinuousClock.Instant, wall: Int64) -> Step {
        guard isAway else {
            defer { (began, isLong) = (nil, false) }
            return began.map { isLong ? .isBack(since: $0.wall) : .nothing } ?? .nothing
        }
        let first = began ?? (now, wall)
        began = first
        isLong = isLong || now - first.moment >= holds
        return isLong ? .isAway(since: first.wall) : .nothing
    }
}
