import Logging
import NIOCore
import Shared

/// Brings one line through the queue.
extension BatchRunner {
    func finish(_ line: PlannedLine) async {
        let result = await result(of: line)
        state.change { $0.ended(line.number, result) }
    }

    /// `nil` where this process ends before the request does.
    private func result(of line: PlannedLine) async -> BatchResult? {
        let began = ContinuousClock.now
        let lease = ReplyLease(
            parts.hub.subscribe(to: line.job.id, options(line)), in: parts.hub, created: parts.clock.now / 1000,
            leaving: .goOn, connection: nil)
        guard let submission = await submit(line) else {
            stop()
            return nil
        }
        guard submission != .conflict else {
            return line.outcome.failed(
                code: "idempotency_conflict", message: "Another request has this line's id.", isRetryable: false)
        }
        lease.reply.accepted(entry: nil)
        if submission == .attached { await lookAtLog(of: lease.reply) }
        while true {
            switch await lease.next() {
            case .events(let events):
                guard case .end(let end)? = events.last else { continue }
                let time = Int(clamping: (ContinuousClock.now - began).milliseconds)
                return await onPool(if: end.result.readableBytes > largestOnLoop) {
                    line.outcome.ended(end, request: line.job.id, milliseconds: time, halt: batch.halt)
                }
            case .silence, .waiting: continue
            case .expired:
                lease.cancel()
                var result = line.outcome.unsent(.expired)
                result.requestID = line.job.id
                return result
            case .forgotten, .gone, .stopped:
                stop()
                return nil
            }
        }
    }

    private func options(_ line: PlannedLine) -> ReplySubscription.Options {
        let left = Duration.milliseconds(max(0, line.job.deadline - parts.clock.now))
        return ReplySubscription.Options(
            wantsDeltas: false, expires: .now + left + parts.hub.queues.all[0].limits.lease + .seconds(5),
            resubmission: Resubmission(job: line.job, body: line.body, bodyHash: PlannedLine.bodyHash), isCaller: false)
    }

    /// Repeats the submission until Redis takes it, which it may do many times over.
    ///
    /// `nil` once this process sends nothing more.
    private func submit(_ line: PlannedLine) async -> JobQueue.TrackedSubmission? {
        let queue = parts.hub.queues[id: line.job.id]
        while !Task.isCancelled, !isStopped {
            let refusal = parts.admission.refusal(parts.gauges.latest(of: queue), lane: .batch)
            // Another process may have brought the line to its end meanwhile, and its log is gone.
            if refusal == nil, state.withLock({ ContinuousClock.now < $0.leaseEnds }) {
                do throws(RedisError) {
                    let verdict = try await queue.submitTracked(
                        line.job, body: line.body, bodyHash: PlannedLine.bodyHash)
                    parts.gauges.submitted(bytes: line.body.count, to: queue)
                    return verdict
                } catch {
                    parts.logger.debug("a line waits for Redis", metadata: [LogKey.error: "\(error)"])
                }
            }
            guard await Task.pause(for: .seconds(1)) else { return nil }
        }
        return nil
    }

    /// The request is known already, and may have ended before this process listened.
    private func lookAtLog(of reply: ReplySubscription) async {
        do throws(RedisError) {
            reply.swept(top: try await parts.hub.queues[id: reply.id].logTops([reply.id]).first ?? nil)
        } catch {
            // The hub looks at the logs of silent requests anyway.
            parts.logger.debug("a log cannot be read", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Tells whether an earlier runner may have sent the line, so that its end must be waited for.
    ///
    /// Looks at the lines that can be meant only: lines are sent in order, so many at once.
    func mayHaveBeenSent(_ line: PlannedLine) async throws -> Bool {
        guard isTakenOver, state.withLock({ $0.mayLook() }) else { return false }
        while !isStopped {
            do throws(RedisError) {
                return try await parts.hub.queues[id: line.job.id].logTops([line.job.id]).first.flatMap(\.self) != nil
            } catch {
                guard await Task.pause(for: .seconds(1)) else { break }
            }
        }
        throw CancellationError()
    }

    /// Ends the requests of a cancelled batch, again and again until each has told its line so.
    ///
    /// Until this task is cancelled.
    func cancelWhereHalted() async {
        for await _ in every(.milliseconds(200)) {
            guard batch.halt == .cancelled else { continue }
            let (ids, deadline) = state.withLock { (Array($0.running.values), $0.batch.times.deadline) }
            for start in stride(from: 0, to: ids.count, by: Self.cancelsAtOnce) {
                await withDiscardingTaskGroup { group in
                    for id in ids[start..<min(start + Self.cancelsAtOnce, ids.count)] {
                        group.addTask { await self.cancel(id, deadline) }
                    }
                }
            }
        }
    }

    /// Chosen: a millisecond of Redis.
    private static let cancelsAtOnce = 50

    private func cancel(_ id: String, _ deadline: Int64) async {
        do throws(RedisError) {
            _ = try await parts.hub.queues[id: id].cancel(id, deadline: deadline)
        } catch {
            parts.logger.debug(
                "a request could not be cancelled yet", metadata: [LogKey.job: "\(id)", LogKey.error: "\(error)"])
        }
    }
}
