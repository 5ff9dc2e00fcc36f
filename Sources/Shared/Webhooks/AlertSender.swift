package import Logging
import ServiceLifecycle

/// Tells channels of alerts that are raised and over.
///
/// In: rows of `alerts`. Out: at least one message for each, alert and channel. Any number of processes may send: a
/// channel is served by one of them at once. Those that are not on duty leave it to the others.
package struct AlertSender: Service {
    private let outbox: AlertOutbox
    private let delivery: AlertDelivery
    private let channels: [WebhookChannel]
    private let settings: WebhookSettings
    private let interval: Duration
    private let isOnDuty: @Sendable () -> Bool
    private let logger: Logger

    package init(
        _ outbox: AlertOutbox, _ delivery: AlertDelivery, interval: Duration,
        isOnDuty: @escaping @Sendable () -> Bool, logger: Logger
    ) {
        (self.outbox, self.delivery, self.interval) = (outbox, delivery, interval)
        (self.isOnDuty, self.logger) = (isOnDuty, logger)
        settings = delivery.settings
        channels = delivery.settings.channels
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in every(interval) where isOnDuty() { await turn() }
        }
    }

    func turn() async {
        do throws(PostgresError) {
            let names = channels.map(\.name)
            try await outbox.prepare(names)
            let due = Set(try await outbox.due(names))
            await channels.filter { due.contains($0.name) }.concurrentMap(atMost: 8) { await serve($0) }
        } catch {
            logger.debug("messages about alerts are sent later", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func serve(_ channel: WebhookChannel) async {
        await delivery.withConnections { send in
            do throws(PostgresError) {
                while !Task.isCancelled, try await step(channel, send) {}
            } catch {
                logger.debug("messages about alerts are sent later", metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    /// One message, and whether the next may follow at once.
    private func step(_ channel: WebhookChannel, _ send: AlertDelivery.Send) async throws(PostgresError) -> Bool {
        // Long enough for the delivery, and for writing down what became of it.
        let lease = settings.timeout + .seconds(10)
        guard let claim = try await outbox.claim(channel.name, for: lease, limit: channel.platform.mostTogether) else {
            return false
        }
        let ids = claim.deliveries.map(\.id)
        let answer = await send(claim.deliveries.map(\.notice), channel)
        // Shutdown has cut it off: whether it arrived is not known, so another process sends it again.
        if Task.isCancelled, answer != .delivered { return false }
        let pause = channel.platform.pause
        switch answer {
        case .delivered:
            try await outbox.delivered(ids, channel.name, pause: pause)
            return pause == .zero
        case .refused(let reason):
            logger.error("a message about alerts was refused", metadata: metadata(channel, reason, ids.count))
            try await outbox.refused(ids, channel.name, because: reason, pause: pause)
            return pause == .zero
        case .failed(let reason, let retryAfter):
            let pause = max(pause, retryAfter ?? settings.pause(afterFailures: claim.failures))
            let givenUp = try await outbox.failed(
                ids, claim, because: reason, pause: pause, patience: settings.retryFor)
            // Once, and not for every try.
            if claim.failures == 0 {
                logger.warning("a message about alerts fails", metadata: metadata(channel, reason, ids.count))
            }
            if givenUp > 0 {
                logger.error("messages about alerts are given up", metadata: metadata(channel, reason, givenUp))
            }
            return false
        }
    }

    private func metadata(_ channel: WebhookChannel, _ reason: String, _ count: Int) -> Logger.Metadata {
        [LogKey.object: "\(channel.name)", LogKey.reason: "\(reason)", LogKey.count: "\(count)"]
    }
}

extension WebhookSettings {
    private static let longestPause = Duration.seconds(600)

    /// Doubles with each failure before it, and differs by a fifth up or down, so that processes and channels that
    /// failed together do not come back together.
    func pause(afterFailures count: Int, random: Double = .random(in: 0.8...1.2)) -> Duration {
        min(retryPause * (1 << min(count, 12)), Self.longestPause) * random
    }
}
