import Logging
import Shared

/// Keeps one alert open while there are dead letters, with their number and why the newest is one.
struct DeadLetterWatch: Sendable {
    let shards: [DeadLetters]
    let alerts: AlertStore
    let logger: Logger

    static let subject = "queue"
    /// Chosen: the reason of an undecodable entry names a field, and anything longer is not ours.
    private static let longestReason = 200

    func look() async {
        do {
            let count = try await shards.count()
            guard count > 0, let newest = try await shards.newest() else {
                try await alerts.clear(kind: .deadLetters, subject: Self.subject)
                return
            }
            try await tell(count, newest)
        } catch {
            logger.debug("dead letters are looked at later", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func tell(_ count: Int, _ newest: DeadLetter) async throws(PostgresError) {
        let why = String(newest.why.prefix(Self.longestReason))
        let isNew = try await alerts.raise(
            kind: .deadLetters, subject: Self.subject, severity: .warning,
            message: "\(count) dead letter\(count == 1 ? "" : "s"), the newest because of: \(why)",
            details: ["count": .int(count), "newest": .string(newest.id.description), "why": .string(why)])
        if isNew {
            logger.warning("there are dead letters", metadata: [LogKey.count: "\(count)", LogKey.reason: "\(why)"])
        }
    }
}
