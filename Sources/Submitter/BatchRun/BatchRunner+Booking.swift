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
            let (results, running) = state.withLock { ($0.take(Self.most), $0.running.count) }
            do {
                let booked = try await parts.store.record(results, of: id, by: parts.runner, running: running)
                // Nobody reads these logs again.
                for id in results.compactMap(\.requestID) { parts.hub.delivered(id) }
                await taken(booked)
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

    private func taken(_ batch: Batch) async {
        let before = self.batch.halt
        state.change { $0.booked(batch) }
        if batch.halt == .cancelled, before != .cancelled { await cancelRunning() }
    }
}
