import Shared

/// Settings of `UsageFlusher`.
struct FlushSettings: Sendable {
    /// Ledger rows in one transaction at most.
    var batch: Int
    /// Time for which rows gather before they are written.
    var interval: Duration
    /// Rows that another worker has read but not written for this long are taken over.
    var takeover: Duration
    var sweep: Duration
    /// Longest pause while PostgreSQL is away.
    var maxBackoff: Duration

    init(_ settings: inout Settings) {
        batch = settings.int(
            "FLUSH_BATCH", default: 500, in: 1...5000,
            "Ledger rows written in one transaction at most.")
        interval = settings.seconds(
            "FLUSH_INTERVAL", default: 0.2, in: 0.01...60,
            "How long ledger rows gather before they are written; up to five times as long where they come rarely.")
        takeover = settings.seconds(
            "FLUSH_TAKEOVER", default: 60, in: 1...3600,
            "Ledger rows that another worker has read but not written for this long are taken over; longer than a batch takes."
        )
        sweep = settings.seconds(
            "FLUSH_SWEEP", default: 10, in: 0.1...600, "How often a worker looks for such rows; they are late anyway.")
        maxBackoff = settings.seconds(
            "FLUSH_BACKOFF_MAX", default: 5, in: 0.05...60,
            "Longest pause while PostgreSQL is away; so late it is noticed that it is back.")
    }
}
