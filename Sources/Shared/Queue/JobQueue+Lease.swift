/// RENEW and RESYNC: holding what runs.
extension JobQueue {
    /// Jobs renewed in one call at most: Redis answers nobody else meanwhile, and 512 took it 3 to 5 ms.
    package static let renewBatch = 128

    /// Extends the leases of all `attempts`, which belong to one worker.
    ///
    /// Returns those that are lost.
    ///
    /// Not repeated here: the caller renews again after a third of the lease anyway.
    package func renew(_ attempts: [Attempt]) async throws(RedisError) -> [Attempt] {
        var lost: [Attempt] = []
        for start in stride(from: 0, to: attempts.count, by: Self.renewBatch) {
            lost += try await renewTogether(attempts[start..<min(start + Self.renewBatch, attempts.count)])
        }
        return lost
    }

    private func renewTogether(_ attempts: ArraySlice<Attempt>) async throws(RedisError) -> [Attempt] {
        guard let worker = attempts.first?.worker else { return [] }
        let reply = try await redis.evaluate(
            QueueScripts.renew, keys: attempts.flatMap { [keys.queue($0.lane), keys.log($0.id)] },
            args: [.string(worker)]
                + attempts.flatMap { attempt -> [RedisArgument] in
                    [.string(attempt.entry), .int(attempt.deliveries), .int(runningTTL(deadline: attempt.deadline))]
                })
        guard let held = reply.array, held.count == attempts.count else {
            throw RedisError(.protocolViolation, "RENEW answered for another number of jobs")
        }
        return zip(attempts, held).filter { $1.int != 1 }.map(\.0)
    }

    package enum Resync: Sendable, Equatable {
        /// The log holds this attempt up to `seq`: replay what is missing.
        case held(seq: Int)
        /// The start record is gone: `start` again, then replay from 1.
        case unstarted
        case ended
        case lost
    }

    /// Asks what Redis still knows of a running attempt.
    package func resync(_ attempt: Attempt) async throws(RedisError) -> Resync {
        let reply = try await persist { () async throws(RedisError) in
            try await redis.send(Self.resyncCommand(attempt, keys))
        }
        return Resync(reply)
    }

    /// RESYNC as one command that needs no script cache: it is sent to servers that have just started.
    package static func resyncCommand(_ attempt: Attempt, _ keys: QueueKeys) -> RedisCommand {
        QueueScripts.resync.command(
            keys: [keys.log(attempt.id), keys.queue(attempt.lane)],
            arguments: RedisArguments(attempt.numberedOwnership), isCached: false)
    }
}

extension JobQueue.Resync {
    package init(_ reply: RedisValue) {
        switch (reply.array?.first?.string, reply.array?.last?.int) {
        case ("held", let seq?): self = .held(seq: Int(seq))
        case ("unstarted", _): self = .unstarted
        case ("ended", _): self = .ended
        default: self = .lost
        }
    }
}
