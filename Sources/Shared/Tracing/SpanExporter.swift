import Logging
import ServiceLifecycle
import Synchronization

/// Sends spans to their receiver, in batches, until the process ends.
///
/// In: spans from the queue. Out: each is counted as sent, rejected or failed. Nothing waits for it: a receiver that
/// hangs, refuses or is away costs spans, and no request notices. At the end the last spans have
/// `TracingSettings.drainTimeout`; a batch that the end cut off is sent once more, so it may arrive twice.
package final class SpanExporter: Service {
    private let queue: SpanQueue
    private let counts: SpanCounts
    private let body: OTLPBody
    private let client: OTLPClient
    private let settings: TracingSettings
    private let logger: Logger
    private let isTroubled = Mutex(false)

    init(
        _ queue: SpanQueue, _ counts: SpanCounts, _ body: OTLPBody, _ client: OTLPClient, _ settings: TracingSettings,
        logger: Logger
    ) {
        self.queue = queue
        self.counts = counts
        self.body = body
        self.client = client
        self.settings = settings
        self.logger = logger
    }

    package func run() async throws {
        await client.withSession { session in
            await cancelWhenGracefulShutdown {
                while !Task.isCancelled {
                    await self.queue.wait(atMost: TurnGrid.delay(self.settings.interval))
                    await self.turn(session)
                }
            }
            await flush(session)
        }
    }

    /// All full batches, and before them one of whatever waits.
    private func turn(_ session: OTLPSession) async {
        repeat {
            let spans = queue.take()
            guard !spans.isEmpty, !Task.isCancelled else { return queue.putBack(spans) }
            await send(spans, session)
        } while queue.hasBatch
    }

    private func send(_ spans: [TraceSpan], _ session: OTLPSession) async {
        let packed = await packed(spans)
        let began = ContinuousClock.now
        var retry = ExportRetry(pause: settings.retryPause, patience: settings.patience)
        while true {
            let answer = await session.post(packed, timeout: settings.timeout)
            if Task.isCancelled, answer.mayBeSentAgain { return queue.putBack(spans) }
            switch retry.step(after: answer, elapsed: .now - began) {
            case .done(let rejected): return delivered(spans.count, rejected: rejected)
            case .giveUp(let reason): return lost(spans.count, answer, reason)
            case .again(let pause):
                told(answer)
                do { try await EventLoopTimer.sleep(for: pause) } catch { return queue.putBack(spans) }
            }
        }
    }

    /// Sends the rest, once and in little time.
    private func flush(_ session: OTLPSession) async {
        let end = ContinuousClock.now + settings.drainTimeout
        while true {
            let spans = queue.take()
            guard !spans.isEmpty else { return }
            let left = end - .now
            let answer =
                if left > .zero {
                    await session.post(packed(spans), timeout: min(left, settings.timeout))
                } else {
                    OTLPAnswer.failed("the process ends")
                }
            switch answer {
            case .delivered(let rejected): delivered(spans.count, rejected: rejected)
            case .refused(let reason): lost(spans.count, answer, reason)
            case .failed(let reason, _): return lost(spans.count + queue.clear(), answer, reason)
            }
        }
    }

    /// Chosen: their text is about as long as what may be computed on the loop.
    private static let mostOnLoop = 64

    private func packed(_ spans: [TraceSpan]) async -> OTLPBody.Packed {
        await onPool(if: spans.count > Self.mostOnLoop) { body.packed(spans, settings.compression) }
    }

    // MARK: - Telling

    private func delivered(_ count: Int, rejected: Int) {
        let rejected = min(rejected, count)
        counts.sent.increment(by: count - rejected)
        guard rejected == 0 else {
            counts.rejected.increment(by: rejected)
            return warn("the receiver of traces rejects spans", "partial success", rejected)
        }
        if set(isTroubled: false) { logger.info("traces are sent again") }
    }

    private func lost(_ count: Int, _ answer: OTLPAnswer, _ reason: String) {
        (answer.mayBeSentAgain ? counts.failed : counts.rejected).increment(by: count)
        warn("traces are not sent", reason, count)
    }

    private func told(_ answer: OTLPAnswer) {
        guard case .failed(let reason, _) = answer else { return }
        warn("traces are not sent", reason, queue.count)
    }

    /// Once, until a batch is taken again.
    private func warn(_ message: Logger.Message, _ reason: String, _ count: Int) {
        guard set(isTroubled: true) else { return }
        logger.warning(message, metadata: [LogKey.reason: "\(reason)", LogKey.count: "\(count)"])
    }

    /// Returns `true` where that is news.
    private func set(isTroubled isNow: Bool) -> Bool {
        isTroubled.withLock { isTroubled in
            defer { isTroubled = isNow }
            return isTroubled != isNow
        }
    }
}

extension OTLPAnswer {
    fileprivate var mayBeSentAgain: Bool {
        guard case .failed = self else { return false }
        return true
    }
}
