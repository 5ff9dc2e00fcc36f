import Shared

/// Use that an attempt made of its booking.
enum CapacityUse: Sendable {
    /// The platform was never called.
    case none
    /// The platform was called at this time, for as many tokens as are known or estimated.
    case called(tokens: Int, at: ContinuousClock.Instant)
    /// The attempt that was started goes on holding it.
    case held
}

/// Capacity for attempts: taken before the platform is called, given back after.
///
/// In: ranked routes. Out: a booking, or how long until it is worth asking again. A booking's capacity comes back by
/// `settle`, which never fails: where Redis is away, the reservation ends with its lease.
final class AccountPool: Sendable {
    enum Answer: Sendable {
        /// Never `Booking.none`.
        case booked(Booking)
        case busy(Duration?)
    }

    let limiter: AccountLimiter
    let queue: JobQueue
    let forecasts: TokenForecasts
    let rooms: WaitingRooms
    let clock: any WallClock

    init(
        limiter: AccountLimiter, queue: JobQueue, forecasts: TokenForecasts, rooms: WaitingRooms, clock: any WallClock
    ) {
        self.limiter = limiter
        self.queue = queue
        self.forecasts = forecasts
        self.rooms = rooms
        self.clock = clock
    }

    private static let exhausted = JobFailure(
        .quotaExhausted, "the quota of every account for this model is used up", code: "quota_exhausted")

    func book(_ ranked: RankedRoutes, _ plan: JobPlan, for attempt: Attempt) async throws(RedisError) -> Answer {
        guard let only = ranked.candidates.first else { return .busy(ranked.earliest) }
        if ranked.candidates.count == 1, !only.account.isLimited, only.trial == nil {
            return .booked(.route(only.route, nil))
        }
        let request = ReservationRequest(
            candidates: ranked.candidates, turn: plan.turn, affinity: plan.choice?.affinity,
            headroom: limiter.headroom(of: attempt.lane))
        // Named by its entry, since a request that was submitted twice has two. Another shard may have an entry of the
        // same ID.
        let name = "\(queue.keys.shard) \(attempt.lane.rawValue) \(attempt.entry)/\(attempt.number)"
        // A reply that was lost leaves a reservation behind that ends with its lease.
        switch try await queue.persist({ () async throws(RedisError) in
            try await limiter.reserve(request, for: name, now: clock.now)
        }) {
        case .taken(let index, let reservation):
            return .booked(.route(ranked.routes[index], reservation))
        case .exhausted:
            // An account in a cool-down may have quota left.
            if let earliest = ranked.earliest { return .busy(earliest) }
            return .booked(.refused(Self.exhausted))
        case .busy(let wait):
            guard let wait, let earliest = ranked.earliest else { return .busy(wait) }
            return .busy(min(wait, earliest))
        }
    }

    func settle(_ booking: Booking, _ use: CapacityUse) async {
        guard let reservation = booking.reservation else { return }
        switch use {
        case .held: return
        case .none: await limiter.settle(reservation, tokens: 0, calledAt: nil)
        case .called(let tokens, let time): await limiter.settle(reservation, tokens: tokens, calledAt: time)
        }
        rooms.freed(reservation.account)
    }

    func learn(_ route: Route, _ plan: JobPlan, _ record: AttemptRecord) {
        // A count that had to be bounded teaches nothing.
        guard record.status == .done, max(record.usage.input, record.usage.output) < Bounds.counts.upperBound else {
            return
        }
        forecasts.learn(model: route.model.id, estimatedPrompt: plan.promptTokens, record.usage)
    }
}
