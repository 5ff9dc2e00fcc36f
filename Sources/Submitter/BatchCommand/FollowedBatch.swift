import Shared

/// Follows a batch to its end, asks for failed lines again where that is wanted, and checks the sums.
struct FollowedBatch: Sendable {
    let output: String
    let isOrdered: Bool
    /// The first Ctrl-C pauses the batch, where otherwise it ends the command.
    let drains: Bool
    /// Milliseconds for the next round, or `nil` where failed lines stay failed.
    let retryDeadline: Int64?
    let store: BatchStore
    let reporter: ProgressReporter
    let stops: Interrupts

    private var patience: Patience { Patience { reporter.notice($0) } }

    func run(_ batch: Batch, _ journal: ResultJournal) async throws -> BatchOutcome {
        var wantsRetry = retryDeadline != nil && journal.state.retriedRound.map { $0 >= batch.round } ?? true
        let isWhole =
            batch.status.isEnded && journal.state.end?.round == batch.round
            && journal.state.position.isOrdered == isOrdered
        let short = journal.shortFile(output: output)
        if let short { reporter.notice("\(short): it is shorter than it was, so the files are written anew") }
        if isWhole, short == nil, !wantsRetry, let end = journal.state.end { return await complete(end, batch) }
        if drains { stops.batch = batch.id }
        let files = try ResultFiles(output: output, journal, isOrdered: isOrdered)
        while true {
            var follower = ResultFollower(batch.id, store, patience, files, reporter, stops)
            switch try await follower.run() {
            case .drained:
                reporter.end(await lastLook(at: batch))
                return .drained
            case .ended(let ended):
                if wantsRetry, try await isRetried(ended, files) {
                    wantsRetry = false
                    continue
                }
                return try await finish(ended, files)
            }
        }
    }

    /// The same command once more: nothing is touched.
    private func complete(_ end: JournalEnd, _ batch: Batch) async -> BatchOutcome {
        reporter.notice("\(output) is complete")
        reporter.finish(end, batch, await models(of: batch.id))
        return .ended(end)
    }

    /// Asks for the failed lines once more, and returns whether there were any.
    private func isRetried(_ batch: Batch, _ files: ResultFiles) async throws -> Bool {
        guard let retryDeadline, batch.counts.failed > 0, batch.status != .failed else { return false }
        try files.retrying(round: batch.round)
        let retried = try await retried(batch, retryDeadline)
        if let lines = retried.lines {
            reporter.notice("\(Words.count(lines, "failed line")) of \(batch.counts.failed) asked for again")
            return lines > 0
        }
        if retried.isBegun {
            reporter.notice("failed lines are asked for again")
        } else {
            reporter.failure("failed lines cannot be asked for again: PostgreSQL does not have the input any more")
        }
        return retried.isBegun
    }

    /// Returns the number of lines where it is known, and whether another round has begun.
    ///
    /// The server's word may be lost with the connection, so a repeated call looks first.
    private func retried(_ batch: Batch, _ deadline: Int64) async throws -> (lines: Int?, isBegun: Bool) {
        var tries = 0
        return try await patience.persist { () async throws(PostgresError) in
            tries += 1
            if tries > 1, try await hasBegun(batch) { return (nil, true) }
            let answer = try await store.retryErrors(of: batch.id, deadline: SystemWallClock().now + deadline)
            if let answer { return (answer.lines, answer.lines > 0) }
            return (nil, try await hasBegun(batch))
        }
    }

    /// The batch is in a later round than this one.
    private func hasBegun(_ batch: Batch) async throws(PostgresError) -> Bool {
        try await store.find(batch.id).map { $0.round > batch.round } ?? false
    }

    private func finish(_ batch: Batch, _ files: ResultFiles) async throws -> BatchOutcome {
        reporter.end(batch)
        if batch.status == .failed { for mistake in batch.mistakes { reporter.failure(mistake) } }
        let counts = batch.counts
        let isWhole = files.lines == counts.done && (files.lines == counts.total || batch.halt == .cancelled)
        guard isWhole || batch.status == .failed else {
            throw BatchTrouble(
                "\(batch.id): \(counts.total) lines went in, and \(files.lines) results came out; nothing was removed")
        }
        let end = JournalEnd(batch)
        try files.end(end)
        reporter.finish(end, batch, await models(of: batch.id))
        return .ended(end)
    }

    /// The summary by model, which the end does not depend on.
    private func models(of batch: String) async -> [BatchModelSum] {
        do throws(PostgresError) { return try await store.models(of: batch) } catch {
            reporter.notice("there is no summary by model: \(error)")
            return []
        }
    }

    private func lastLook(at batch: Batch) async -> Batch {
        do throws(PostgresError) { return try await store.find(batch.id) ?? batch } catch { return batch }
    }
}
