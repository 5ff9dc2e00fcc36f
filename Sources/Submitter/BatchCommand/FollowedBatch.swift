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
        if isWhole, !wantsRetry, let end = journal.state.end { return try await complete(end, batch) }
        if drains { stops.batch = batch.id }
        let files = try ResultFiles(output: output, journal, isOrdered: isOrdered)
        while true {
            var follower = ResultFollower(batch.id, store, patience, files, reporter, stops)
            switch try await follower.run() {
            case .drained:
                reporter.end(try await store.find(batch.id) ?? batch)
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
    private func complete(_ end: JournalEnd, _ batch: Batch) async throws -> BatchOutcome {
        reporter.notice("\(output) is complete")
        reporter.finish(end, batch, try await store.models(of: batch.id))
        return .ended(end)
    }

    /// Asks for the failed lines once more, and returns whether there were any.
    private func isRetried(_ batch: Batch, _ files: ResultFiles) async throws -> Bool {
        guard let retryDeadline, batch.counts.failed > 0, batch.status != .failed else { return false }
        try files.retrying(round: batch.round)
        let retried = try await patience.persist { () async throws(PostgresError) in
            try await store.retryErrors(of: batch.id, deadline: SystemWallClock().now + retryDeadline)
        }
        let lines = retried?.lines ?? 0
        reporter.notice("\(Words.count(lines, "failed line")) of \(batch.counts.failed) asked for again")
        return lines > 0
    }

    private func finish(_ batch: Batch, _ files: ResultFiles) async throws -> BatchOutcome {
        reporter.end(batch)
        if batch.status == .failed { tellErrors(batch) }
        let counts = batch.counts
        let isWhole = files.lines == counts.done && (files.lines == counts.total || batch.halt == .cancelled)
        guard isWhole || batch.status == .failed else {
            throw BatchTrouble(
                "\(batch.id): \(counts.total) lines went in, and \(files.lines) results came out; nothing was removed")
        }
        let end = JournalEnd(batch)
        try files.end(end)
        reporter.finish(end, batch, try await store.models(of: batch.id))
        return .ended(end)
    }

    private func tellErrors(_ batch: Batch) {
        for error in batch.errors["data"]?.arrayValue ?? batch.errors.arrayValue ?? [] {
            let line = error["line"]?.intValue.map { "line \($0): " } ?? ""
            let field = error["param"]?.stringValue.map { "\($0): " } ?? ""
            reporter.notice(line + field + (error["message"]?.stringValue ?? "refused"))
        }
    }
}
