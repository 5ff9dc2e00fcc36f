import DequeModule
import NIOCore

/// One established connection of a `RedisClient`, and the calls that wait for replies, in order.
///
/// Everything but `closed` and `closeFromAnywhere` is to be called on the event loop, which confines `pending`.
final class RedisLink: Sendable {
    private final class Pending {
        /// Calls, and the number of replies that each still gets.
        ///
        /// A cancelled call keeps its place, or the order would be lost.
        var calls: Deque<(call: RedisCall, missing: Int)> = []
        var failure: RedisError?
        var channel: (any Channel)?
        var isRetiring = false
    }

    private let eventLoop: any EventLoop
    private let pending: NIOLoopBoundBox<Pending>
    private let closePromise: EventLoopPromise<RedisError>
    private let onEnd: @Sendable (RedisLink) -> Void

    /// `onEnd` is called on the event loop before any caller is told, so that none of them finds the dead link again.
    init(_ eventLoop: any EventLoop, onEnd: @escaping @Sendable (RedisLink) -> Void) {
        self.eventLoop = eventLoop
        self.onEnd = onEnd
        pending = NIOLoopBoundBox.makeBoxSendingValue(Pending(), eventLoop: eventLoop)
        closePromise = eventLoop.makePromise()
    }

    func makeHandler(_ maxReplyBytes: Int) throws(RedisError) -> RedisReplyHandler {
        try RedisReplyHandler(maxReplyBytes: maxReplyBytes) { reply in
            self.received(reply)
        } onClose: { error in
            self.ended(error)
        }
    }

    /// From any thread, before anything is sent.
    func attach(_ channel: any Channel) {
        eventLoop.execute { self.pending.value.channel = channel }
    }

    /// `onWritten` is called once, when this process no longer holds the bytes.
    func send(_ bytes: ByteBuffer, for calls: [RedisCall], onWritten: @escaping @Sendable () -> Void) {
        let pending = pending.value
        guard pending.failure == nil, let channel = pending.channel else {
            let failure = pending.failure ?? RedisError(.connectionLost, "the connection was not set up")
            for call in calls { call.complete(.failure(failure)) }
            return onWritten()
        }
        for call in calls { pending.calls.append((call, call.expected)) }
        channel.writeAndFlush(bytes).whenComplete { _ in onWritten() }
    }

    /// The first deadline of the calls that wait for replies.
    var nextDeadline: ContinuousClock.Instant? { pending.value.calls.lazy.map(\.call.deadline).min() }

    /// Calls that wait fail with `error`.
    func close(because error: RedisError) {
        let pending = pending.value
        if pending.failure == nil { pending.failure = error }
        pending.channel?.close(promise: nil)
        ended(error)
    }

    /// Closes when everything that was sent is answered.
    func retire() {
        pending.value.isRetiring = true
        closeIfRetired()
    }

    private func closeIfRetired() {
        guard pending.value.isRetiring, pending.value.calls.isEmpty else { return }
        close(because: RedisError(.connectionLost, "the connection moves to another server"))
    }

    func closeFromAnywhere(because error: RedisError) {
        eventLoop.execute { self.close(because: error) }
    }

    /// Returns when the connection has ended, with the reason.
    func closed() async -> RedisError {
        do { return try await closePromise.futureResult.get() } catch {
            return RedisError(.connectionLost, "the connection to the server was lost")
        }
    }

    private func received(_ reply: RedisValue) {
        let pending = pending.value
        guard let first = pending.calls.first else {
            return close(because: RedisError(.protocolViolation, "a reply came that nobody asked for"))
        }
        first.call.add(reply)
        if first.missing == 1 { pending.calls.removeFirst() } else { pending.calls[0].missing -= 1 }
        closeIfRetired()
    }

    private func ended(_ error: RedisError) {
        let pending = pending.value
        let failure = pending.failure ?? error
        pending.failure = failure
        let calls = pending.calls
        pending.calls = []
        onEnd(self)
        for (call, _) in calls { call.complete(.failure(failure)) }
        closePromise.succeed(failure)
    }
}
