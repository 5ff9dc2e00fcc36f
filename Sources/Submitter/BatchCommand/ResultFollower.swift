import Shared

/// Copies the results of a batch into its files until it has ended, or until a person stops it.
///
/// 1 reads the batch's row, 2 copies a page of results behind those that are written, 3 records them, 4 waits, the
/// longer the less there is to do.
struct ResultFollower {
    enum Ending {
        case ended(Batch)
        case drained
    }

    /// Chosen: a page is a few milliseconds of work.
    private static let page = 500
    private static let manyBytes = 512 << 10
    private static let quickest = Duration.milliseconds(200)
    private static let slowest = Duration.seconds(1)
    /// A runner that was told to pause has noticed by then.
    private static let noticed = Duration.seconds(15)

    let batch: String
    let store: BatchStore
    let patience: Patience
    let files: ResultFiles
    let reporter: ProgressReporter
    let stops: Interrupts
    private var pause = Self.quickest
    /// With `isOrdered`: the next line is not there yet, so it alone is asked for.
    private var isProbing = false
    private var unattended: ContinuousClock.Instant?
    private var pausedAt: ContinuousClock.Instant?
    private var hasWarned = false

    init(
        _ batch: String, _ store: BatchStore, _ patience: Patience, _ files: ResultFiles, _ reporter: ProgressReporter,
        _ stops: Interrupts
    ) {
        (self.batch, self.store, self.patience, self.files) = (batch, store, patience, files)
        (self.reporter, self.stops) = (reporter, stops)
    }

    mutating func run() async throws -> Ending {
        while true {
            try Task.checkCancellation()
            let current = try await look()
            if current.round != files.position.round { try files.restart(round: current.round) }
            if stops.count > 0, pausedAt == nil { try await drain() }
            reporter.update(current)
            let (copied, isFull) = try await copy(isEnded: current.status.isEnded)
            warn(current)
            if copied == 0, let ending = ending(current) {
                try files.record()
                return ending
            }
            try files.recordIfDue()
            pause = copied > 0 ? Self.quickest : min(pause * 1.5, Self.slowest)
            if !isFull { await stops.wait(pause) }
        }
    }

    private func look() async throws -> Batch {
        let found = try await patience.persist { () async throws(PostgresError) in try await store.find(batch) }
        guard let found else { throw BatchTrouble("\(batch): PostgreSQL does not have it any more") }
        return found
    }

    /// Returns the number of results that were written, and whether more are there already.
    ///
    /// `isEnded`: the batch had all of its results before.
    private mutating func copy(isEnded: Bool) async throws -> (copied: Int, isFull: Bool) {
        let (place, isOrdered) = (files.position.place, files.position.isOrdered)
        let limit = isProbing && !isEnded ? 1 : Self.page
        let results = try await patience.persist { () async throws(PostgresError) in
            isOrdered
                ? try await store.results(of: batch, afterLine: place, limit: limit)
                : try await store.results(of: batch, after: place, limit: limit)
        }
        let next = isOrdered ? Self.ready(results, after: place, isEnded: isEnded) : results[...]
        var bytes = 0
        for result in next {
            try files.append(result)
            bytes += result.body.utf8.count
        }
        reporter.saw(Array(next))
        isProbing = next.count < results.count
        // The store ends a page of large results before `limit`.
        return (next.count, next.count == limit || bytes > Self.manyBytes)
    }

    /// Those whose lines follow each other without a gap, or all where the batch has ended.
    ///
    /// A gap is a line without a result so far, or a blank line, which never has one. At the end all gaps are blank.
    static func ready(_ results: [BatchResult], after line: Int, isEnded: Bool) -> ArraySlice<BatchResult> {
        guard !isEnded else { return results[...] }
        let gap = results.indices.first { results[$0].line != line + 1 + $0 } ?? results.endIndex
        return results[..<gap]
    }

    /// After an interrupt: no further line is sent.
    private mutating func drain() async throws {
        let paused = try await patience.persist { () async throws(PostgresError) in try await store.pause(batch, true) }
        pausedAt = .now
        reporter.mood("draining")
        reporter.notice(
            "draining: \(Words.count(paused?.counts.running ?? 0, "line")) in the queue; Ctrl-C again detaches")
    }

    /// The batch has ended, or nothing of it is in the queue any more.
    private func ending(_ current: Batch) -> Ending? {
        if current.status.isEnded { return .ended(current) }
        guard let pausedAt, current.isPaused else { return nil }
        let isIdle = current.counts.running == 0 && .now - pausedAt > Self.noticed
        return current.runner == nil || isIdle ? .drained : nil
    }

    /// Says once that nobody runs the batch.
    private mutating func warn(_ current: Batch) {
        let waits = current.runner == nil && !current.isPaused && !current.status.isEnded
        unattended = waits ? unattended ?? .now : nil
        guard let unattended, !hasWarned, .now - unattended > .seconds(5) else { return }
        hasWarned = true
        reporter.notice("no process runs batches: start `submitter serve`")
    }
}
