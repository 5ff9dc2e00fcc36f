import Logging
import Shared

/// Makes the ledger's next month ahead, and retires months that are kept no longer.
///
/// No row waits for a partition at the turn of a month, and none for a retirement (`UsagePartitions`).
struct PartitionKeeper: Sendable {
    let partitions: UsagePartitions
    let retention: UsageRetention
    let clock: any WallClock
    let logger: Logger

    /// Chosen: what was cut off holds up late rows of its month no longer, and a look costs three cheap questions.
    static let interval = Duration.seconds(60)

    func look() async {
        let month = UsageMonth(of: clock.now)
        do throws(PostgresError) {
            try await partitions.make(month)
            try await partitions.make(month.next)
            guard retention.months > 0 else { return }
            for old in try await partitions.months(before: month - retention.months) {
                try await partitions.retire(old, retention.action)
                logger.notice("attempts of a month are kept no longer", metadata: [LogKey.object: "\(old.partition)"])
            }
        } catch {
            logger.warning("partitions of the ledger are looked at later", metadata: [LogKey.error: "\(error)"])
        }
    }
}

/// The time for which attempts are kept one by one; their sums stay.
struct UsageRetention: Sendable {
    /// Whole months before the current one, 0 for all.
    var months = 0
    var action = UsagePartitions.Retirement.detach

    init() {}

    init(_ settings: inout Settings) {
        months = settings.int(
            "USAGE_RETENTION_MONTHS", default: months, in: 0...1200,
            "Whole months before the current one whose attempts are kept one by one; their sums stay for ever. 0: all.")
        action = settings.choice(
            "USAGE_RETENTION_ACTION", default: action,
            "What becomes of older months: `detach` leaves each as a table of its own, `drop` deletes it.")
    }
}
