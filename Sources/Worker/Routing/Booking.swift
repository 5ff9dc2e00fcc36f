import Shared

/// Route and capacity of an attempt, decided before it starts.
enum Booking: Sendable, Equatable {
    /// No platform is called: the answer comes from the cache, or the plan has no usable route.
    case none
    /// The reservation is `nil` where nothing needs counting: one account without limits.
    case route(Route, Reservation?)
    /// No account may serve the request, and waiting does not help.
    case refused(JobFailure)

    var route: Route? {
        guard case .route(let route, _) = self else { return nil }
        return route
    }

    var reservation: Reservation? {
        guard case .route(_, let reservation) = self else { return nil }
        return reservation
    }
}
