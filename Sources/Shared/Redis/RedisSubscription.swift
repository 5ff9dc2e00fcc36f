package import Logging
package import NIOCore
import ServiceLifecycle

/// A connection that only listens to channels, and listens again by itself after every reconnect.
///
/// - `onMessage` gets each message, in order, on the event loop, so it must be quick.
/// - `onSubscribed` is called each time the server has confirmed all channels. Messages published before may be missed.
///
/// Delivery is at most once: readers must be able to look the truth up.
package final class RedisSubscription: Service, Sendable {
    private let connector: RedisConnector
    private let channels: [String]
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let onMessage: @Sendable (_ channel: String, _ payload: [UInt8]) -> Void
    private let onSubscribed: @Sendable () async -> Void
    /// Interval of the PING that proves that the connection lives.
    ///
    /// Two silent intervals end it.
    private let heartbeat: Duration

    package init(
        _ configuration: RedisConfiguration, channels: [String], name: String, group: any EventLoopGroup,
        logger: Logger, heartbeat: Duration = .seconds(3),
        onMessage: @escaping @Sendable (_ channel: String, _ payload: [UInt8]) -> Void,
        onSubscribed: @escaping @Sendable () async -> Void = {}
    ) {
        connector = RedisConnector(configuration: configuration, name: name)
        self.channels = channels
        eventLoop = group.next()
        self.logger = logger
        self.heartbeat = heartbeat
        self.onMessage = onMessage
        self.onSubscribed = onSubscribed
    }

    /// Listens until cancelled or until graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.keepListening() }
    }

    private func keepListening() async {
        var backoff = RedisBackoff(connector.configuration)
        var locator = RedisLocator(connector, on: eventLoop)
        var isComplaining = false
        while !Task.isCancelled {
            do {
                try await listen(&locator) {
                    backoff.succeeded()
                    if isComplaining { logger.info("subscription to Redis is back") }
                    isComplaining = false
                }
            } catch {
                if !isComplaining, !Task.isCancelled {
                    logger.warning("no subscription to Redis, trying again", metadata: [LogKey.error: "\(error)"])
                    isComplaining = true
                }
            }
            do { try await EventLoopTimer.sleep(for: backoff.pause()) } catch { return }
        }
    }

    /// One connection, until it ends.
    private func listen(_ locator: inout RedisLocator, _ subscribed: () -> Void) async throws {
        let address = try await locator.next()
        // Any node has all messages, and one that is gone must not have been the only one known.
        if connector.configuration.isCluster { try await locator.learn(from: address) }
        // Room for all confirmations and a refusal: everything else that arrives makes no event.
        let (events, feed) = AsyncStream.makeStream(
            of: RedisListener.Event.self, bufferingPolicy: .bufferingOldest(channels.count + 2))
        let listener = RedisListener(onMessage: onMessage, feed: feed)
        let maxReplyBytes = connector.configuration.maxReplyBytes
        let channel = try await connector.connect(to: address, on: eventLoop) {
            try RedisReplyHandler(maxReplyBytes: maxReplyBytes, onReply: listener.received, onClose: listener.closed)
        }
        let pulse = listener.keepAlive(channel, every: heartbeat)
        defer {
            pulse.cancel()
            channel.close(promise: nil)
        }
        try await withTaskCancellationHandler {
            subscribe(channel)
            try await follow(events, subscribed)
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private func subscribe(_ channel: any Channel) {
        var bytes = ByteBuffer()
        for command in connector.greeting { command.write(to: &bytes) }
        if case .sentinel = connector.configuration.topology {
            RedisCommand("INFO", "replication").write(to: &bytes)
        }
        RedisCommand("SUBSCRIBE", channels.map { .string($0) }).write(to: &bytes)
        channel.writeAndFlush(bytes, promise: nil)
    }

    /// Returns when the connection has ended.
    private func follow(_ events: AsyncStream<RedisListener.Event>, _ subscribed: () -> Void) async throws {
        var confirmed = 0
        for await event in events {
            switch event {
            case .confirmed:
                confirmed += 1
                guard confirmed == channels.count else { continue }
                subscribed()
                await onSubscribed()
            case .ended(let error): throw error
            }
        }
    }
}
