import Shared

/// Capacity for a fresh claim, or a place to wait for it.
extension JobPipeline {
    /// `nil` where the request was put aside.
    func book(_ job: PlannedClaim) async throws(RedisError) -> Booking? {
        switch job.plan.step {
        case .cached, .refused: return Booking.none
        case .waiting(.otherWorkers): try await handBack(job)
        case .waiting(.coolDown(let length)): try await wait(job, length)
        case .route(let ranked):
            // A fresh request must not overtake those that wait for the same accounts.
            guard job.room != nil || !hasWaiters(job.plan.room) else {
                try await wait(job, nil)
                return nil
            }
            switch try await pool.book(ranked, job.plan, for: job.claim.attempt) {
            case .booked(let booking): return booking
            case .busy(let known): try await wait(job, known)
            }
        }
        return nil
    }

    /// A request of the `batch` lane waits behind all others, too.
    private func hasWaiters(_ spec: RoomSpec) -> Bool {
        rooms.hasWaiters(spec.room) || (spec.isBatch && rooms.hasWaiters(spec.others.room))
    }

    /// Puts a request aside, uncounted, that only other workers can serve: this one cannot open a key it needs.
    ///
    /// This worker claims nothing meanwhile. A request from a room goes back to its place there.
    private func handBack(_ job: PlannedClaim) async throws(RedisError) {
        guard job.room == nil else { return try await wait(job, settings.handBackPause) }
        running.remove(job.cancellation)
        gate.close(for: settings.handBackPause)
        _ = try await queue.postpone(job.claim.attempt, due: clock.now + settings.handBackPause.milliseconds)
    }

    /// Parks a request, uncounted, up to its deadline: all accounts are busy or in a cool-down.
    ///
    /// `known` is the time until capacity is expected, or `nil` where that cannot be told.
    private func wait(_ job: PlannedClaim, _ known: Duration?) async throws(RedisError) {
        // No worker has it from now on: a lease that is not found is not a lost one.
        running.remove(job.cancellation)
        let spec = job.plan.room
        let now = clock.now
        let pause = max(.milliseconds(1), min(known ?? settings.slotPoll, Self.longestSleep))
        rooms.parked(in: spec)
        // Looked at again then, since rooms are not told of circuits that close and of changes by people.
        _ = try await queue.park(
            job.claim, in: spec.room, spec: spec.encoded, due: now + pause.milliseconds,
            expected: known.map { now + $0.milliseconds })
    }

    /// Chosen: a look costs a claim and a reservation, a room that sleeps too long costs its waiters.
    private static let longestSleep = Duration.seconds(15)
}
