import Logging
import ServiceLifecycle
import Shared

/// Moves the bills of all attempts from the outbox in Redis into the ledger in PostgreSQL.
///
/// In: outbox entries, at least once, in any order. Out: ledger rows, each counted once. Every worker runs one.
///
///     1 take      own entries left from an error, then those of dead flushers, then new ones
///     2 gather    for `FLUSH_INTERVAL`, so that a transaction carries more than one row, and for longer where rows
///                 come rarely, unless what is spent must be known soon for the sake of budgets
///     3 record    one transaction; PostgreSQL away → the batch is kept and tried again, ever more slowly
///     4 delete    acknowledged and deleted only now
///
/// An entry that cannot be read, or whose row PostgreSQL refuses for a reason that lies in the row, goes to the dead
/// letters alone and never holds up the others. At shutdown all that is there is written. If PostgreSQL is away then,
/// it waits in Redis for another worker.
struct UsageFlusher: Service {
    private let queue: JobQueue
    private let outbox: UsageOutbox
    private let ledger: UsageLedger
    private let metrics: WorkerMetrics
    private let budgets: LiveBudgets
    private let settings: FlushSettings
    /// Time that a read waits inside Redis.
    private let block: Duration
    private let logger: Logger

    init(
        queue: JobQueue, outbox: RedisClient, ledger: UsageLedger, worker: String, metrics: WorkerMetrics,
        budgets: LiveBudgets, settings: FlushSettings, block: Duration, logger: Logger
    ) {
        self.queue = queue
        self.outbox = UsageOutbox(
            redis: outbox, keys: queue.keys, consumer: worker, maxDeadLetters: queue.limits.maxDeadLetters)
        self.ledger = ledger
        self.metrics = metrics
        self.budgets = budgets
        self.settings = settings
        self.block = block
        self.logger = logger
    }

    func run() async throws {
        var backlog = Backlog(gathering: GatheringTime(least: settings.interval, below: settings.takeover))
        var pause = Pause(longest: settings.maxBackoff)
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do throws(RedisError) {
                let batch = try await take(&backlog)
                try await onPool(if: batch.count > Self.mostOnLoop) { () async throws(RedisError) in
                    _ = try await flush(batch)
                }
                pause.reset()
            } catch {
                backlog.mayHaveOwn = true
                await recover(from: error)
                guard await pause.wait() else { return }
            }
        }
        await drain(&backlog)
    }

    // MARK: - 1 and 2: take and gather

    /// Work that this flusher looks at before it waits for new entries.
    private struct Backlog {
        var gathering: GatheringTime
        var mayHaveOwn = true
        var cursor = UsageOutbox.Cursor()
        var nextSweep = ContinuousClock.now
    }

    private func take(_ backlog: inout Backlog) async throws(RedisError) -> [UsageOutbox.Entry] {
        if backlog.mayHaveOwn {
            let own = try await outbox.readOwn(limit: settings.batch)
            if !own.isEmpty { return own }
            backlog.mayHaveOwn = false
        }
        if ContinuousClock.now >= backlog.nextSweep {
            let abandoned = try await outbox.takeAbandoned(
                idle: settings.takeover, limit: settings.batch, &backlog.cursor)
            if !abandoned.isEmpty { return abandoned }
            backlog.nextSweep = .now + settings.sweep
        }
        let first = try await outbox.read(limit: settings.batch, block: block)
        guard !first.isEmpty, first.count < settings.batch else { return first }
        // Cut short by a shutdown, which must not wait for company.
        _ = await Task.pause(for: budgets.areSet ? settings.interval : backlog.gathering.length)
        let batch = first + (try await outbox.read(limit: settings.batch - first.count, block: nil))
        backlog.gathering.gathered(batch.count)
        return batch
    }

    /// The group goes with the stream when Redis has lost its data.
    private func recover(from error: RedisError) async {
        logger.debug("the outbox cannot be read, trying again", metadata: [LogKey.error: "\(error)"])
        guard error.prefix == "NOGROUP" else { return }
        do { try await queue.createGroups() } catch {
            logger.debug("the outbox group cannot be made, trying again", metadata: [LogKey.error: "\(error)"])
        }
    }

    /// Flushes what this worker's own last jobs wrote to the outbox, without waiting for anything.
    private func drain(_ backlog: inout Backlog) async {
        do throws(RedisError) {
            backlog.mayHaveOwn = true
            while !Task.isCancelled {
                var batch = backlog.mayHaveOwn ? try await outbox.readOwn(limit: settings.batch) : []
                if batch.isEmpty {
                    backlog.mayHaveOwn = false
                    batch = try await outbox.read(limit: settings.batch, block: nil)
                }
                guard !batch.isEmpty, try await flush(batch) else { return }
            }
        } catch {
            logger.info("ledger rows are left to other workers", metadata: [LogKey.error: "\(error)"])
        }
    }

    // MARK: - 3 and 4: record and delete

    /// Chosen: reading so many rows and writing their columns takes about a millisecond.
    private static let mostOnLoop = 100

    /// Returns `true` when the batch is done with, and `false` only where shutdown comes while PostgreSQL is away.
    private func flush(_ batch: [UsageOutbox.Entry]) async throws(RedisError) -> Bool {
        var readable: [(entry: UsageOutbox.Entry, row: UsageRow)] = []
        var unreadable: [UsageOutbox.Entry] = []
        for entry in batch {
            if let row = UsageRow(outbox: entry.fields, writtenAt: entry.writtenAt) {
                readable.append((entry, row))
            } else {
                unreadable.append(entry)
            }
        }
        try await bury(unreadable, "unreadable")
        return try await record(readable[...])
    }

    /// Writes a batch.
    ///
    /// One that PostgreSQL refuses is halved until the row at fault stands alone, and so is one that takes too long.
    private func record(_ batch: ArraySlice<(entry: UsageOutbox.Entry, row: UsageRow)>) async throws(RedisError) -> Bool
    {
        guard !batch.isEmpty else { return true }
        if Ablation.outboxEarly.isBroken { try await outbox.acknowledge(batch.map(\.entry)) }
        switch await record(batch.map(\.row)) {
        case .stopped: return false
        case .recorded:
            FaultPoint.committed.reached()
            metrics.rowsBooked(batch.count)
            try await outbox.acknowledge(batch.map(\.entry))
        case .refused(let error) where batch.count == 1:
            try await bury(batch.map(\.entry), "refused by PostgreSQL (\(error.sqlState ?? "\(error.code)"))")
        case .refused, .tooSlow:
            let middle = batch.startIndex + batch.count / 2
            guard try await record(batch[..<middle]) else { return false }
            return try await record(batch[middle...])
        }
        return true
    }

    private enum Outcome {
        case recorded, stopped, tooSlow
        case refused(PostgresError)
    }

    /// Tries until PostgreSQL has taken the rows, or has said that it never will.
    private func record(_ rows: [UsageRow]) async -> Outcome {
        var pause = Pause(longest: settings.maxBackoff)
        var isComplaining = false
        while true {
            do throws(PostgresError) {
                try await ledger.record(rows)
                if isComplaining { logger.info("the ledger is back") }
                return .recorded
            } catch {
                if error.isRowsFault { return .refused(error) }
                if error.code == .timeout, rows.count > 1 { return .tooSlow }
                if error.code != .serializationOrDeadlock, !isComplaining {
                    logger.warning(
                        "the ledger cannot be written, rows wait in Redis", metadata: [LogKey.error: "\(error)"])
                    isComplaining = true
                }
            }
            guard await pause.wait() else { return .stopped }
        }
    }

    private func bury(_ entries: [UsageOutbox.Entry], _ reason: String) async throws(RedisError) {
        guard !entries.isEmpty else { return }
        logger.error(
            "ledger rows moved to the dead letters",
            metadata: [LogKey.rows: "\(entries.count)", LogKey.reason: "\(reason)"])
        metrics.rowsRefused(entries.count)
        try await outbox.bury(entries, reason: reason)
    }
}

/// Pauses that double, with jitter, and end at once on shutdown.
private struct Pause {
    private static let first = Duration.milliseconds(50)
    private let longest: Duration
    private var next = Pause.first

    init(longest: Duration) { self.longest = longest }

    mutating func reset() { next = Self.first }

    /// Returns `false` where it was cut short.
    mutating func wait() async -> Bool {
        let pause = next * Double.random(in: 0.5...1)
        next = min(next * 2, longest)
        return await Task.pause(for: pause)
    }
}
