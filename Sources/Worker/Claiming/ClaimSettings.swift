import Shared

/// Settings of the claim loop (`ClaimService`).
struct ClaimSettings: Sendable {
    var laneWeights: [(lane: Lane, weight: Int)]
    /// Entries in one round trip at most.
    var batch: Int
    /// Time that a claim waits inside Redis.
    var block: Duration
    /// Pause between looks while too few slots are free to wait inside Redis.
    var poll: Duration

    init(_ settings: inout Settings) {
        laneWeights = [
            (
                .high,
                settings.int(
                    "LANE_WEIGHT_HIGH", default: 8, in: 1...1000, "Share of the `high` lane when all are full.")
            ),
            (
                .normal,
                settings.int("LANE_WEIGHT_NORMAL", default: 4, in: 1...1000, "Share of the `normal` lane.")
            ),
            (
                .batch,
                settings.int("LANE_WEIGHT_BATCH", default: 1, in: 1...1000, "Share of the `batch` lane.")
            ),
        ]
        batch = settings.int(
            "CLAIM_BATCH", default: 64, in: 1...1000,
            "Entries claimed in one round trip at most.")
        block = settings.seconds(
            "CLAIM_BLOCK", default: 0.5, in: 0.1...30,
            "How long an idle worker waits inside Redis; also how late it may notice a shutdown.")
        poll = settings.seconds(
            "CLAIM_POLL", default: 0.025, in: 0.001...1,
            "Pause between looks for work while fewer slots are free than there are lanes.")
    }
}

/// Settings of the jobs that run at once (`Slots`, `Reaper`).
struct SlotSettings: Sendable {
    var total: Int
    /// Jobs of dead workers beyond `total`.
    var recovery: Int
    /// Share of `total` that the `batch` lane leaves free.
    var batchHeadroom: Double

    init(_ settings: inout Settings) {
        total = settings.int(
            "WORKER_CONCURRENCY", default: 512, in: 1...20_000,
            "Jobs that run at once in a worker; each costs memory for its request and answer, hardly any processor while it waits."
        )
        recovery = settings.int(
            "RECOVERY_CONCURRENCY", default: total, in: 1...20_000,
            "Jobs of dead workers that a worker takes over beyond WORKER_CONCURRENCY, so that they never wait for new ones to end; `WORKER_CONCURRENCY` if not given."
        )
        batchHeadroom = settings.number(
            "BATCH_SLOT_HEADROOM", default: 0.1, in: 0...0.9,
            "Share of a worker's WORKER_CONCURRENCY that requests of the `batch` lane leave free, so that others are claimed at once; at least one, where there are two."
        )
    }
}
