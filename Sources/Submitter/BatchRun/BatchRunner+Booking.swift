import Logging
import Shared

/// Books results, many together.
extension BatchRunner {
    /// Results of one transaction: chosen, some megabytes at a few kilobytes each.
    private static let most = 500

    /// Books what has gathered, until this task is cancelled.
    func book() async {
        var running = -1
        for await _ in every(parts.settings.gather, after: parts.settings.gather) {
            // The window may have grown.
            state.change { progress in
                progress.pace.measure(now: .now)
                return true
            }
            let (now, waiting) = state.withLock { ($0.running.count, $0.unbooked.count) }
            guard waiting > 0 || now != running else { continue }
            running = now
            guard await bookAll() else { return }
        }
    }

    /// Books the rest once, at the end.
    func bookRest() async {
        var left = state.withLock { $0.unbooked.count }
        while left > 0, await bookAll() {
            let now = state.withLock { $0.unbooked.count }
            guard now < left else { return }
            left = now
        }
    }

    /// `false` where the batch is not this process' any more.
    private func bookAll() async -> Bool {
        repeat {
            let results = state.withLock { $0.take(Self.most) }
            do {
                try await book(results)
            } catch {
                state.withLock { $0.failed(results) }
                guard !(error is BatchStore.Lost) else {
                    stop()
                    return false
                }
                parts.logger.warning(
                    "results of a batch wait for PostgreSQL",
                    metadata: [LogKey.batch: "\(id)", LogKey.error: "\(error)"])
                return true
            }
        } while state.withLock { $0.unbooked.count >= Self.most }
        return true
    }

    /// Halves what PostgreSQL refuses, until the guilty result is found, which becomes a failed line.
    private func book(_ results: [BatchResult]) async throws {
        do {
            let running = state.withLock { $0.running.count }
            let booked = try await parts.store.record(results, of: id, by: claim, running: running)
            // Nobody reads these logs again.
            for id in results.compactMap(\.requestID) { parts.hub.delivered(id) }
            state.change { $0.booked(booked) }
        } catch let error as PostgresError where error.isRowsFault && !results.isEmpty {
            guard results.count > 1 else {
                parts.logger.error(
                    "a result cannot be kept", metadata: [LogKey.batch: "\(id)", LogKey.error: "\(error)"])
                return try await book([results[0].replaced(in: id)])
            }
            try await book(Array(results.prefix(results.count / 2)))
            try await book(Array(results.dropFirst(results.count / 2)))
        }
    }
}

extension BatchResult {
    /// The line's failure, where its answer cannot be kept.
    fileprivate func replaced(in batch: String) -> BatchResult {
        let custom = (try? JSON(parsing: Array(body.utf8)))?["custom_id"]?.stringValue ?? "line-\(line)"
        var failed = LineOutcome(batch: batch, line: line, customID: custom).failed(
            code: "result_refused", message: "The answer came, but it cannot be stored.", isRetryable: false)
        (failed.requestID, failed.cost, failed.currency, failed.attempts) = (requestID, cost, currency, attempts)
        failed.usage = usage
        return failed
    }
}
