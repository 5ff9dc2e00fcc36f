import Shared

/// The route that an attempt takes, with the capacity that is held for it.
struct Booking: Sendable, Equatable {
    /// `nil` for a request that no route can serve.
    var route: Route?
    /// `nil` where nothing needs counting: one account without limits.
    var reservation: Reservation?
    /// Why there is no route, where waiting does not help.
    var refusal: JobFailure?
}

/// Capacity for attempts: taken before the platform is called, given back after.
///
/// In: a lineup. Out: a booking, or how long until it is worth asking again. What a booking holds comes back by `settle`, which never fails:
/// what Redis could not be told ends with the lease.
struct AccountPool: Sendable {
    enum Answer: Sendable {
        case booked(Booking)
        case busy(Duration?)
    }

    let limiter: AccountLimiter
    let queue: JobQueue
    let forecasts: TokenForecasts
    let rooms: WaitingRooms
    let clock: any WallClock

    private static let exhausted = JobFailure(
        .quotaExhausted, "the quota of every account for this model is used up", code: "quota_exhausted")

    func book(_ lineup: RankedRoutes, _ plan: JobPlan, for attempt: Attempt) async throws(RedisError) -> Answer {
        guard let only = lineup.bids.first else { return .busy(lineup.earliest) }
        if lineup.bids.count == 1, !only.account.isLimited, only.trial == nil {
            return .booked(Booking(route: lineup.routes[0]))
        }
        let auction = Auction(bids: lineup.bids, turn: plan.turn, affinity: plan.conversation)
        // By its entry: a request that was submitted twice has two; another shard may have an entry of the same ID.
        let name = "\(queue.keys.shard) \(attempt.lane.rawValue) \(attempt.entry)/\(attempt.number)"
        // A reply that was lost leaves a reservation behind that ends with its lease.
        switch try await queue.persist({ () async throws(RedisError) in
            try await limiter.reserve(auction, for: name, now: clock.now)
        }) {
        case .taken(let index, let reservation):
            return .booked(Booking(route: lineup.routes[index], reservation: reservation))
        case .exhausted:
            // A resting account may have quota left.
            if let rest = lineup.earliest { return .busy(rest) }
            return .booked(Booking(refusal: Self.exhausted))
        case .busy(let wait):
            guard let wait, let rest = lineup.earliest else { return .busy(wait) }
            return .busy(min(wait, rest))
        }
    }

    /// `record`: how the attempt went; `nil` for one that was never started.
    func settle(_ booking: Booking, _ record: AttemptRecord?, calledAt: ContinuousClock.Instant?) async {
        guard let reservation = booking.reservation else { return }
        let tokens = record.map { $0.usage.input + $0.usage.output } ?? 0
        await limiter.settle(reservation, tokens: tokens, calledAt: calledAt)
        rooms.freed(reservation.account)
    }

    func learn(_ route: Route, _ plan: JobPlan, _ record: AttemptRecord) {
        // A count that had to be bounded is none to learn from.
        guard record.status == .done, max(record.usage.input, record.usage.output) < Bounds.counts.upperBound else {
            return
        }
        forecasts.learn(model: route.model.id, estimatedPrompt: plan.promptTokens, record.usage)
    }
}
