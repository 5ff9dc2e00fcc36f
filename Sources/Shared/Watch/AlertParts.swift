package import Logging
package import NIOCore

/// The parts of every process that looks at conditions and tells of them.
package struct AlertParts: Sendable {
    package let settings: AlertSettings
    package let store: AlertStore
    private let outbox: AlertOutbox
    /// `nil` without channels: alerts are stored, and nobody is told.
    private let delivery: AlertDelivery?
    private let logger: Logger

    /// Messages are kept for so long after they were made, for people to look at.
    ///
    /// Chosen: longer than any of them is tried.
    private static let keepMessages = Duration.seconds(8 * 86_400)
    /// Interval at which old alerts are deleted.
    package static let pruneInterval = Duration.seconds(3600)

    package init(
        _ settings: AlertSettings, _ webhooks: WebhookSettings, _ pool: PostgresPool, group: any EventLoopGroup,
        logger: Logger
    ) {
        self.settings = settings
        self.logger = logger
        store = AlertStore(pool)
        outbox = AlertOutbox(pool)
        delivery = webhooks.channels.isEmpty ? nil : AlertDelivery(webhooks, group: group, logger: logger)
    }

    package func evaluator(_ checks: [AlertCheck]) -> AlertEvaluator {
        AlertEvaluator(checks, store: store, settings: settings, logger: logger)
    }

    /// `nil` without channels.
    package func sender(isOnDuty: @escaping @Sendable () -> Bool) -> AlertSender? {
        delivery.map { AlertSender(outbox, $0, interval: settings.interval, isOnDuty: isOnDuty, logger: logger) }
    }

    /// `process` is the name of this one.
    package func postgresWatch(_ sources: PostgresWatch.Sources, process: String) -> PostgresWatch {
        PostgresWatch(
            sources, store: store, delivery: delivery, settings: settings, process: process, logger: logger)
    }

    package func prune() async {
        do throws(PostgresError) {
            try await store.prune(olderThan: settings.keep)
            try await outbox.prune(olderThan: Self.keepMessages)
        } catch {
            logger.debug("old alerts are deleted later", metadata: [LogKey.error: "\(error)"])
        }
    }
}
