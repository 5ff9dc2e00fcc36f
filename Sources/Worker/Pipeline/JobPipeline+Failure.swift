import Shared

/// Steps that follow a failed attempt, as `FailurePolicy` decides them.
extension JobPipeline {
    /// Routes that are left after a failed attempt.
    private struct Left {
        let ranked: RankedRoutes?
        /// Answers to the request that nobody could read, this one included.
        let unreadable: Int
        var hasRoute: Bool
        /// Until the first account that may serve the request has capacity again.
        var earliest: Duration?
    }

    /// Returns the run of the next attempt where there is one in this claim.
    func handle(_ failure: JobFailure, _ ended: EndedAttempt) async throws(RedisError) -> JobRun? {
        if try await wasStopped(failure, ended) { return nil }
        var left = routesLeft(failure, ended)
        while true {
            switch policy.decide(situation(failure, ended, left)) {
            case .nextRoute:
                guard let booking = try await bookNext(&left, ended) else { continue }
                log.failed(failure, ended, next: .nextRoute)
                metrics.retried(failure.kind)
                return try await next(ended, booking)
            case .later(let pause):
                try await retryLater(failure, ended, pause: pause)
            case .waitForCapacity:
                // Claimed afresh at once, it finds its way into a room, where it waits in order and with a place.
                try await retryLater(failure, ended, pause: .zero)
            case .fail:
                log.failed(failure, ended, next: .tell)
                try await finish(ended, .init(status: .error, meta: [], result: failure.encoded))
            }
            return nil
        }
    }

    /// Ends an attempt that was stopped from outside.
    ///
    /// Returns `false` where its failure is still to be decided upon.
    private func wasStopped(_ failure: JobFailure, _ ended: EndedAttempt) async throws(RedisError) -> Bool {
        switch ended.run.cancellation.reason {
        case .cancelled, .leaseLost:
            log.failed(failure, ended, next: .leave)
            try await abort(ended.run, ended.record)
            return true
        case .shutdown where !ended.isShown && failure.kind != .unreadableAnswer:
            try await retryLater(failure, ended, pause: .zero)
            return true
        case .shutdown, nil: return false
        }
    }

    private func routesLeft(_ failure: JobFailure, _ ended: EndedAttempt) -> Left {
        let isUnreadable = failure.kind == .unreadableAnswer
        let unreadable = ended.run.unreadable + (isUnreadable ? [ended.record.account] : [])
        let ranked =
            ended.isShown ? nil : router.ranked(ended.run.plan, without: ended.run.tried, ofOthersThan: unreadable)
        return Left(
            ranked: ranked, unreadable: unreadable.count, hasRoute: ranked?.routes.isEmpty == false,
            earliest: ranked?.earliest ?? pauseForOthers(ranked))
    }

    /// Other workers have routes that this one cannot use: to wait for them is to wait for capacity.
    private func pauseForOthers(_ ranked: RankedRoutes?) -> Duration? {
        ranked?.hasLocked == true ? settings.handBackPause : nil
    }

    private func situation(_ failure: JobFailure, _ ended: EndedAttempt, _ left: Left) -> FailurePolicy.Situation {
        FailurePolicy.Situation(
            failure: failure, isShown: ended.isShown, attempts: ended.run.attempt.number,
            hasOtherRoute: left.hasRoute, unreadable: left.unreadable, earliestCapacity: left.earliest,
            timeLeft: .milliseconds(ended.run.attempt.deadline - clock.now), random: .random(in: 0..<1))
    }

    /// Takes capacity for the next attempt.
    ///
    /// Where no route has any, it says so in `left` and returns `nil`.
    private func bookNext(_ left: inout Left, _ ended: EndedAttempt) async throws(RedisError) -> Booking? {
        left.hasRoute = false
        guard let ranked = left.ranked else { return nil }
        switch try await pool.book(ranked, ended.run.plan, for: ended.run.attempt.next) {
        case .booked(let booking):
            if booking.route != nil { return booking }
            left.earliest = pauseForOthers(ranked)
        case .busy(let wait): left.earliest = wait ?? settings.slotPoll
        }
        return nil
    }

    private func retryLater(
        _ failure: JobFailure, _ ended: EndedAttempt, pause: Duration
    ) async throws(RedisError) {
        log.failed(failure, ended, next: .later)
        metrics.retried(failure.kind)
        let run = ended.run.noting(ended.record)
        FaultPoint.retrying.reached()
        _ = try await queue.retryLater(
            run.attempt, usage: ended.record.encoded, due: clock.now + pause.milliseconds,
            trail: AnswerMeta.Attempt.encode(run.trail))
        running.remove(run.cancellation)
    }

    private func next(_ ended: EndedAttempt, _ booking: Booking) async throws(RedisError) -> JobRun? {
        let run = ended.run
        let next = run.noting(ended.record).advanced(booking, startedAt: clock.now)
        running.expect(next.attempt, of: run.cancellation)
        let verdict = try await holding(booking) { (use) async throws(RedisError) -> JobQueue.Next in
            let verdict = try await queue.next(
                after: ended.run.attempt, usage: ended.record.encoded, nextUsage: next.startRecord.encoded,
                neverCalled: next.uncalledRecord(.lost, at: clock.now).encoded)
            if verdict == .started { use = .held }
            return verdict
        }
        if verdict == .fenced { metrics.writeFenced() }
        guard verdict == .started else { return nil }
        running.replace(next.attempt, of: run.cancellation)
        return next
    }
}
