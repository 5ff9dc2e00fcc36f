import NIOCore
import Synchronization

/// Sorts what arrives on a subscribed connection, and notices when nothing does any more.
///
/// In: replies, on the event loop. Out: messages to `onMessage`, confirmations and refusals as events.
final class RedisListener: Sendable {
    enum Event: Sendable {
        case confirmed
        case refused(RedisError)
    }

    private let onMessage: @Sendable (String, [UInt8]) -> Void
    private let feed: AsyncStream<Event>.Continuation
    private let lastHeard = Mutex(NIODeadline.now())

    init(onMessage: @escaping @Sendable (String, [UInt8]) -> Void, feed: AsyncStream<Event>.Continuation) {
        self.onMessage = onMessage
        self.feed = feed
    }

    @Sendable func received(_ reply: RedisValue) {
        lastHeard.withLock { $0 = .now() }
        switch reply {
        case .list(let parts) where parts.count == 3 && parts[0].string == "message":
            if let channel = parts[1].string, let payload = parts[2].bytes { onMessage(channel, payload) }
        case .list(let parts) where parts.first?.string == "subscribe": feed.yield(.confirmed)
        case .error(let text): feed.yield(.refused(RedisError(reply: text)))
        // Answers to the greeting and to PING.
        case .list, .status, .integer, .bulk, .null: break
        }
    }

    /// Sends a PING per interval; closes the connection when two went unanswered.
    func keepAlive(_ channel: any Channel, every interval: Duration) -> RepeatedTask {
        let interval = TimeAmount.milliseconds(interval.milliseconds)
        lastHeard.withLock { $0 = .now() }
        return channel.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            if NIODeadline.now() - self.lastHeard.withLock({ $0 }) > interval * 2 {
                channel.close(promise: nil)
            } else {
                var ping = ByteBuffer()
                RedisCommand("PING").write(to: &ping)
                channel.writeAndFlush(ping, promise: nil)
            }
        }
    }
}
