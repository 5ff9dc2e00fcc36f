package import Logging
import Synchronization

/// One kind of alert: the way to measure it, and the rule that judges it.
package struct AlertCheck: Sendable {
    /// Takes the kind's open alerts, and returns what is found now, or `nil` where nothing can be said.
    package typealias Measure = @Sendable ([OpenAlert]) async -> [AlertReading]?

    package let kind: AlertKind
    package let rule: AlertRule
    package let measure: Measure

    package init(_ kind: AlertKind, _ rule: AlertRule, _ measure: @escaping Measure) {
        (self.kind, self.rule, self.measure) = (kind, rule, measure)
    }
}

/// Looks at conditions, and raises and clears their alerts.
///
/// Any number of processes may look at the same conditions. Where one cannot be measured, its alerts stay as they are.
/// One look at a time.
package final class AlertEvaluator: Sendable {
    private let checks: [AlertCheck]
    private let store: AlertStore
    private let logger: Logger
    private let judges: Mutex<[AlertKind: AlertJudge]>
    private let clearAfter: Duration

    package init(_ checks: [AlertCheck], store: AlertStore, settings: AlertSettings, logger: Logger) {
        (self.checks, self.store, self.logger) = (checks, store, logger)
        // Longer than two looks, so that one that comes late clears nothing.
        let clearAfter = max(settings.clearAfter, settings.interval * 2)
        self.clearAfter = clearAfter
        let judges = checks.map { check in
            (check.kind, AlertJudge(check.rule, clearAfter: clearAfter, patience: settings.patience))
        }
        self.judges = Mutex(Dictionary(judges) { first, _ in first })
    }

    package func look() async {
        do throws(PostgresError) {
            let open = try await store.open(checks.map(\.kind))
            for check in checks { try await look(check, open.filter { $0.kind == check.kind }) }
        } catch {
            logger.debug("alerts are looked at later", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func look(_ check: AlertCheck, _ open: [OpenAlert]) async throws(PostgresError) {
        guard let readings = await check.measure(open) else { return }
        let now = ContinuousClock.now
        let changes = judges.withLock { $0[check.kind]?.look(readings, open: open, at: now) ?? [] }
        for change in changes {
            switch change {
            case .raise(let reading): try await raise(check.kind, reading)
            case .clear(let subject):
                guard try await store.clear(kind: check.kind, subject: subject, quiet: clearAfter) else { continue }
                logger.notice(
                    "alert is over",
                    metadata: [LogKey.kind: "\(check.kind.rawValue)", LogKey.object: "\(subject)"])
            }
        }
    }

    private func raise(_ kind: AlertKind, _ reading: AlertReading) async throws(PostgresError) {
        let isNew = try await store.raise(
            kind: kind, subject: reading.subject, message: reading.message, details: reading.details)
        guard isNew else { return }
        logger.warning(
            "alert", metadata: [LogKey.kind: "\(kind.rawValue)", LogKey.reason: "\(reading.message)"])
    }
}
