import Logging
import NIOCore
import Shared
import Synchronization

/// Does one round of the hub's work, a tick apart or sooner.
///
/// 1. cancel, 2. recover, 3. sweep, 4. shorten, 5. tell waiting callers their place. Every step may fail while Redis is
/// away. Work that was not done stays noted and is tried in the next round.
extension ReplyHub {
    func work() async {
        await eachShard { queue in
            // Its work stays noted. Waiting for it would hold up the next round of the others.
            guard self.queues.all.count == 1 || queue.redis.isConnected else { return }
            await self.work(queue)
        }
    }

    private func work(_ queue: JobQueue) async {
        await cancelDue(queue, now: .now)
        let now = ContinuousClock.now
        do throws(RedisError) {
            try await recover(queue)
            try await sweep(queue, now: now)
            try await shortenDelivered(queue)
            try await tellWaiting(queue, now: now)
        } catch {
            logger.debug("redis is away, the next round tries again", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Runs all at once, because a shard whose server is away must not hold up the others.
    private func eachShard(_ work: @escaping @Sendable (JobQueue) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for queue in queues.all { group.addTask { await work(queue) } }
        }
    }

    func replies(_ queue: JobQueue) -> [ReplySubscription] {
        queues.all.count == 1 ? allReplies : allReplies.filter { isOf(queue, $0.id) }
    }

    private func isOf(_ queue: JobQueue, _ id: String) -> Bool { queues[id: id].keys.shard == queue.keys.shard }

    /// Runs at the end of the process.
    ///
    /// Nobody can come back to it, so requests in their grace are cancelled now.
    func lastWork() async {
        await eachShard { queue in await self.lastWork(queue) }
    }

    private func lastWork(_ queue: JobQueue) async {
        await cancelDue(queue, now: .now + max(configuration.cancelGrace, configuration.resumeGrace))
        do throws(RedisError) {
            try await shortenDelivered(queue)
        } catch {
            logger.debug("logs are left to their TTL", metadata: [LogKey.error: "\(error)"])
        }
    }

    var allReplies: [ReplySubscription] { state.withLock { $0.replies.values.flatMap { $0 } } }

    // MARK: - 1. Cancel

    private func cancelDue(_ queue: JobQueue, now: ContinuousClock.Instant) async {
        let due = state.withLock { state in
            // Without those that came back, or were cancelled in an earlier round.
            state.cancelledDeadlines = state.cancelledDeadlines.filter { state.cancels[$0.key] != nil }
            return state.cancels.filter { $0.value <= now }.map(\.key)
        }.filter { isOf(queue, $0) }
        for id in due {
            guard state.withLock({ !$0.isRead(id) && $0.cancels[id] != nil }) else { continue }
            let deadline = state.withLock { $0.cancelledDeadlines[id] }
            do throws(RedisError) {
                _ = try await queue.cancel(id, deadline: deadline)
                state.withLock { $0.cancels[id] = nil }
            } catch  where error.isTransient || error.code == .cancelled {
                // The round ends with the process, and `lastWork` does the rest.
                return
            } catch {
                state.withLock { $0.cancels[id] = nil }
                logger.warning(
                    "a request could not be cancelled", metadata: [LogKey.job: "\(id)", LogKey.error: "\(error)"])
            }
        }
    }

    // MARK: - 2. Recover

    /// Submits requests again that the new server has neither a log, nor a held entry, nor an entry in their lane of.
    private func recover(_ queue: JobQueue) async throws(RedisError) {
        let shard = queue.keys.shard
        guard let change = state.withLock({ $0.needsRecovery[shard] }) else { return }
        let candidates = replies(queue).filter { $0.resubmission != nil && $0.isUnstarted }
            .map { (reply: $0, isAccepted: $0.isAccepted) }
        // A submission under way is left alone: its caller may be told that nothing was accepted, which must be true.
        for batch in batches(candidates.filter(\.isAccepted).map(\.reply)) {
            for reply in try await forgotten(queue, batch) { try await submitAgain(queue, reply) }
        }
        // Another change may have come meanwhile. A submission under way may have been accepted by the server before.
        guard candidates.allSatisfy({ $0.isAccepted || $0.reply.opened >= change }) else { return }
        state.withLock { if $0.needsRecovery[shard] == change { $0.needsRecovery[shard] = nil } }
    }

    private func forgotten(_ queue: JobQueue, _ replies: [ReplySubscription]) async throws(RedisError)
        -> [ReplySubscription]
    {
        var commands: [RedisCommand] = []
        for reply in replies {
            let keys = queue.keys
            let lane = keys.queue(reply.resubmission?.job.lane ?? .normal)
            let entry = RedisArgument.string(reply.entry ?? "0-0")
            commands.append(RedisCommand("EXISTS", .string(keys.log(reply.id)), .string(keys.held(reply.id))))
            commands.append(RedisCommand("XRANGE", .string(lane), entry, entry))
        }
        let answers = try await queue.redis.pipeline(commands)
        for answer in answers { try answer.throwIfError() }
        return replies.indices.filter { index in
            answers[2 * index].int == 0 && answers[2 * index + 1].array?.isEmpty == true
        }.map { replies[$0] }
    }

    private func submitAgain(_ queue: JobQueue, _ reply: ReplySubscription) async throws(RedisError) {
        guard let again = reply.resubmission else { return }
        reply.repeated()
        if let hash = again.bodyHash {
            _ = try await queue.submitTracked(again.job, body: again.body, bodyHash: hash)
        } else {
            reply.accepted(entry: try await queue.submit(again.job, body: again.body))
        }
        logger.info("a request that redis had lost was submitted again", metadata: [LogKey.job: "\(reply.id)"])
    }

    // MARK: - 3. Sweep

    private func sweep(_ queue: JobQueue, now: ContinuousClock.Instant) async throws(RedisError) {
        let isFull = state.withLock { $0.needsSweep.contains(queue.keys.shard) }
        let silence = isFull ? .zero : configuration.silence
        for batch in batches(replies(queue).filter { $0.isSilent(for: silence, now: now) }) {
            for (reply, top) in zip(batch, try await queue.logTops(batch.map(\.id))) {
                reply.swept(top: top)
            }
        }
        if isFull { state.withLock { _ = $0.needsSweep.remove(queue.keys.shard) } }
    }

    // MARK: - 4. Shorten

    private func shortenDelivered(_ queue: JobQueue) async throws(RedisError) {
        let ids = state.withLock { $0.delivered }.filter { isOf(queue, $0) }
        guard !ids.isEmpty else { return }
        for start in stride(from: 0, to: ids.count, by: configuration.sweepBatch) {
            try await queue.delivered(Array(ids[start..<min(start + configuration.sweepBatch, ids.count)]))
        }
        let deleted = Set(ids)
        state.withLock { $0.delivered.removeAll { deleted.contains($0) } }
    }

    // MARK: - 5. Tell

    private func tellWaiting(_ queue: JobQueue, now: ContinuousClock.Instant) async throws(RedisError) {
        let waiting = replies(queue).filter { $0.isWaiting(now: now, for: configuration.placePatience) }
        guard !waiting.isEmpty else { return }
        guard try await queue.liveWorkers() > 0 else {
            for reply in waiting where reply.isWaiting(now: now, for: configuration.workerPatience) {
                reply.notify(.noWorker)
            }
            return
        }
        for batch in batches(waiting.filter { $0.awaitsPlace(now: now, every: configuration.placePause) }) {
            for (reply, place) in zip(batch, try await queue.places(of: batch.map(\.id))) {
                reply.placed(at: place, now: now)
            }
        }
    }

    private func batches(_ replies: [ReplySubscription]) -> [[ReplySubscription]] {
        stride(from: 0, to: replies.count, by: configuration.sweepBatch).map {
            Array(replies[$0..<min($0 + configuration.sweepBatch, replies.count)])
        }
    }
}
