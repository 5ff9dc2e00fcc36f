package import Logging
package import NIOCore
package import ServiceLifecycle

/// A connection that only listens to channels, and listens again by itself after every reconnect.
///
/// Out: `onMessage` per message, in order, on the event loop (so it must be quick); `onSubscribed` each time the server
/// has confirmed all channels: whatever was published before that may have been missed.
/// Delivery is at most once: readers must be able to look the truth up.
package final class RedisSubscription: Service, Sendable {
    private let connector: RedisConnector
    private let channels: [String]
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let onMessage: @Sendable (_ channel: String, _ payload: [UInt8]) -> Void
    private let onSubscribed: @Sendable () async -> Void
    /// How often a PING proves that the connection lives; two silent intervals end it.
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
        try await cancelWhenGracefulShutdown { await self.keepListening() }
    }

    private func keepListening() async {
        var backoff = RedisBackoff(connector.configuration)
        while !Task.isCancelled {
            do {
                try await listen { backoff.succeeded() }
            } catch {
                logger.debug("subscription lost", metadata: ["error": "\(error)"])
            }
            do { try await Task.sleep(for: backoff.pause()) } catch { return }
        }
    }

    /// One connection, until it ends.
    private func listen(_ subscribed: () -> Void) async throws {
        let (events, feed) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(64))
        let listener = Listener(onMessage: onMessage, feed: feed)
        let maxReplyBytes = connector.configuration.maxReplyBytes
        let channel = try await connector.connect(on: eventLoop) {
            try RedisReplyHandler(maxReplyBytes: maxReplyBytes, onReply: listener.received) { _ in feed.finish() }
        }
        try await withTaskCancellationHandler {
            try await greet(channel)
            try await follow(events, on: channel, subscribed)
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private func greet(_ channel: any Channel) async throws {
        var bytes = ByteBuffer()
        for command in connector.greeting { command.write(to: &bytes) }
        RedisCommand("SUBSCRIBE", channels.map { .string($0) }).write(to: &bytes)
        try await channel.writeAndFlush(bytes)
    }

    /// Confirmations and heartbeats; returns when the connection has ended.
    private func follow(_ events: AsyncStream<Event>, on channel: any Channel, _ subscribed: () -> Void) async throws {
        defer { channel.close(promise: nil) }
        let pings = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(heartbeat.milliseconds), delay: .milliseconds(heartbeat.milliseconds)
        ) { _ in
            var ping = ByteBuffer()
            RedisCommand("PING").write(to: &ping)
            channel.writeAndFlush(ping, promise: nil)
        }
        defer { pings.cancel() }
        let watch = channel.eventLoop.makeWatchdog(after: heartbeat * 3, channel)
        defer { watch.stop() }
        var confirmed = 0
        for await event in events {
            watch.pet()
            switch event {
            case .confirmed:
                confirmed += 1
                guard confirmed == channels.count else { continue }
                subscribed()
                await onSubscribed()
            case .alive: break
            case .refused(let error): throw error
            }
        }
    }

    private enum Event: Sendable {
        case confirmed, alive
        case refused(RedisError)
    }

    /// Sorts what arrives, on the event loop.
    private struct Listener: Sendable {
        let onMessage: @Sendable (String, [UInt8]) -> Void
        let feed: AsyncStream<Event>.Continuation

        @Sendable func received(_ reply: RedisValue) {
            switch reply {
            case .list(let parts) where parts.count == 3 && parts[0].string == "message":
                if let channel = parts[1].string, let payload = parts[2].bytes { onMessage(channel, payload) }
            case .list(let parts) where parts.first?.string == "subscribe": feed.yield(.confirmed)
            case .list: feed.yield(.alive)
            case .error(let text): feed.yield(.refused(RedisError(reply: text)))
            case .status, .integer, .bulk, .null: break
            }
        }
    }
}

extension EventLoop {
    /// Closes a channel unless it is petted at least once per interval.
    fileprivate func makeWatchdog(after interval: Duration, _ channel: any Channel) -> Watchdog {
        Watchdog(eventLoop: self, interval: interval, channel: channel)
    }
}

private final class Watchdog: Sendable {
    private let eventLoop: any EventLoop
    private let interval: Duration
    private let channel: any Channel
    private let task: NIOLoopBoundBox<Scheduled<Void>?>

    init(eventLoop: any EventLoop, interval: Duration, channel: any Channel) {
        self.eventLoop = eventLoop
        self.interval = interval
        self.channel = channel
        task = NIOLoopBoundBox.makeEmptyBox(eventLoop: eventLoop)
        pet()
    }

    func pet() {
        eventLoop.execute {
            self.task.value?.cancel()
            let channel = self.channel
            self.task.value = self.eventLoop.scheduleTask(in: .milliseconds(self.interval.milliseconds)) {
                channel.close(promise: nil)
            }
        }
    }

    func stop() {
        eventLoop.execute { self.task.value?.cancel() }
    }
}
