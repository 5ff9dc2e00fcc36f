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
        guard let submission = await submit(line) else { return nil }
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
                return line.outcome.unsent(.expired)
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
    /// `nil` once this task is cancelled.
    private func submit(_ line: PlannedLine) async -> JobQueue.TrackedSubmission? {
        let queue = parts.hub.queues[id: line.job.id]
        while !Task.isCancelled {
            let refusal = parts.admission.refusal(parts.gauges.latest(of: queue), lane: .batch)
            if refusal == nil {
                do throws(RedisError) {
                    let verdict = try await queue.submitTracked(line.job, body: line.body, bodyHash: PlannedLine.bodyHash)
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

    /// Ends the requests of this batch that are in the queue.
    ///
    /// Each is told to its line as any other end is.
    func cancelRunning() async {
        let (ids, deadline) = state.withLock { (Array($0.running.values), $0.batch.times.deadline) }
        for id in ids {
            do throws(RedisError) {
                _ = try await parts.hub.queues[id: id].cancel(id, deadline: deadline)
            } catch {
                // It ends by itself, at the latest at its deadline.
                parts.logger.warning(
                    "a request could not be cancelled", metadata: [LogKey.job: "\(id)", LogKey.error: "\(error)"])
            }
        }
    }
}
