import NIOCore
import Synchronization

/// Receives on a subscribed connection, and notices when nothing arrives any more.
///
/// In: replies, on the event loop. Out: messages to `onMessage`, confirmations and refusals as events.
final class RedisListener: Sendable {
    enum Event: Sendable {
        case confirmed
        /// By a refusal of the server, by silence, or by the network.
        case ended(RedisError)
    }

    private let onMessage: @Sendable (String, [UInt8]) -> Void
    private let feed: AsyncStream<Event>.Continuation
    /// Counted, not timed: a busy event loop must not take its own delay for the server's silence.
    private let unanswered = Mutex(0)

    init(onMessage: @escaping @Sendable (String, [UInt8]) -> Void, feed: AsyncStream<Event>.Continuation) {
        self.onMessage = onMessage
        self.feed = feed
    }

    @Sendable func received(_ reply: RedisValue) {
        // Only a subscribed connection answers with lists: a server that never saw SUBSCRIBE counts as silent.
        if reply.array != nil { unanswered.withLock { $0 = 0 } }
        switch reply {
        case .list(let parts) where parts.count == 3 && parts[0].string == "message":
            if let channel = parts[1].string, let payload = parts[2].bytes { onMessage(channel, payload) }
        case .list(let parts) where parts.first?.string == "subscribe": feed.yield(.confirmed)
        case .error(let text): feed.yield(.ended(RedisError(reply: text)))
        // The role, where it was asked for: a replica's channels fall silent when it loses its primary.
        case .bulk(let text) where RedisInfo(String(decoding: text, as: UTF8.self))["role"] == "slave":
            feed.yield(.ended(RedisError(.notConnected, "the server is a replica, the sentinels' news are old")))
        // Answers to the greeting and to PING.
        case .list, .status, .integer, .bulk, .null: break
        }
    }

    @Sendable func closed(_ reason: RedisError) {
        feed.yield(.ended(reason))
        feed.finish()
    }

    /// Sends a PING per interval, and closes the connection when two went unanswered.
    func keepAlive(_ channel: any Channel, every interval: Duration) -> RepeatedTask {
        let first = TimeAmount(TurnGrid.delay(interval))
        return channel.eventLoop.scheduleRepeatedTask(initialDelay: first, delay: TimeAmount(interval)) { _ in
            let sent = self.unanswered.withLock { count in
                count += 1
                return count
            }
            guard sent <= 2 else {
                self.feed.yield(.ended(RedisError(.timeout, "the server answers no PING")))
                return channel.close(promise: nil)
            }
            var ping = ByteBuffer()
            RedisCommand("PING").write(to: &ping)
            channel.writeAndFlush(ping, promise: nil)
        }
    }
}
