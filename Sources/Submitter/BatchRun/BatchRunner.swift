import Logging
import Shared

/// Runs one batch that this process has claimed.
///
/// 1. check the input, 2. send its lines at the batch's pace, 3. wait for each end, 4. book results, 5. end the batch.
///
/// A line's request id is made of batch, line and round, and its request is tracked. So a runner that takes over sends
/// lines again that have no result yet, and Redis attaches it to what runs or has ended already: nothing is paid twice.
/// A batch whose runner dies is taken over after `BATCH_LEASE`.
final class BatchRunner: Sendable {
    let parts: BatchParts
    let id: String
    let state: WatchedState<BatchProgress>

    /// `end`: until then the batch is this process' own.
    init(_ batch: Batch, _ parts: BatchParts, until end: ContinuousClock.Instant) {
        self.parts = parts
        id = batch.id
        state = WatchedState(BatchProgress(batch, parts.settings, now: .now, leaseEnds: end))
    }

    var batch: Batch { state.withLock { $0.batch } }

    func run() async {
        do {
            guard try await check(), let done = try await parts.persist({ try await parts.store.doneLines(of: id) })
            else { return try await giveBack() }
            try await send(all: done)
            await bookRest()
            guard state.withLock({ $0.isDone }) else { return try await giveBack() }
            let ended = try await parts.persist {
                try await parts.store.end(id, by: parts.runner, as: batch.lastStatus)
            }
            tell("a batch ended", ended ?? batch)
        } catch is BatchStore.Lost {
            parts.logger.info("a batch is run by another process", metadata: [LogKey.batch: "\(id)"])
        } catch {
            parts.logger.error("a batch cannot be run", metadata: [LogKey.batch: "\(id)", LogKey.error: "\(error)"])
        }
    }

    /// Sends nothing more, and leaves what is in the queue to the next runner.
    func stop() { state.change { $0.stop() } }

    /// The batch is this process' own until `end`, and `batch` is how people have changed its row.
    func renewed(_ batch: Batch, until end: ContinuousClock.Instant) async {
        let before = self.batch.halt
        state.change { progress in
            progress.leaseEnds = end
            return progress.read(batch)
        }
        guard batch.halt == .cancelled, before != .cancelled else { return }
        await cancelRunning()
    }

    private func tell(_ message: Logger.Message, _ batch: Batch) {
        parts.logger.info(
            message,
            metadata: [
                LogKey.batch: "\(id)", LogKey.status: "\(batch.status.rawValue)", LogKey.count: "\(batch.counts.done)",
            ])
    }

    private func giveBack() async throws { try await parts.store.release(id, parts.runner) }

    // MARK: - Checking

    /// `false` where there is nothing to send: the input is bad, or the batch was cancelled before.
    private func check() async throws -> Bool {
        let batch = batch
        guard batch.times.inProgress == nil else { return true }
        guard batch.status == .validating else {
            _ = try await parts.store.end(id, by: parts.runner, as: .cancelled)
            return false
        }
        var check = BatchCheck(batch, parts)
        switch try await check.run() {
        case nil: return false
        case .good(let total):
            let validated = try await parts.persist {
                try await parts.store.validated(id, by: parts.runner, total: total)
            }
            guard let validated else { return false }
            state.change { $0.read(validated) }
            return true
        case .bad(let mistakes):
            let refused = try await parts.persist {
                try await parts.store.refused(id, by: parts.runner, errors: mistakes)
            }
            tell("a batch was refused", refused ?? batch)
            return false
        }
    }

    // MARK: - Sending

    private func send(all done: LineSet) async throws {
        tell("a batch is run", batch)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.book() }
            try await self.expand(without: done, into: &group)
            await self.state.wait(unless: { $0.isDone || $0.isStopped })
            group.cancelAll()
        }
    }

    private func expand(without done: LineSet, into group: inout ThrowingDiscardingTaskGroup<any Error>) async throws {
        var input = BatchInput(parts.store, file: batch.inputFile)
        while let line = try await input.next(parts) {
            if done.contains(line.number) { continue }
            guard let planned = await plan(line) else { continue }
            switch try await admit(planned) {
            case .sent: group.addTask { await self.finish(planned) }
            case .skipped: break
            case .stopped: return
            }
            // Other tasks of this loop come between two lines.
            await Task.yield()
        }
        state.change { progress in
            progress.expanded()
            return true
        }
    }

    /// `nil` for a line that cannot be read, which gets its result at once.
    private func plan(_ line: BatchInput.Line) async -> PlannedLine? {
        do throws(BatchLine.Mistake) {
            let batch = batch
            return try await onPool(if: line.bytes.count > largestOnLoop) { () throws(BatchLine.Mistake) in
                let read = try BatchLine(parsing: line.bytes, operation: nil)
                return PlannedLine(line.number, read, of: batch, parts)
            }
        } catch {
            let outcome = LineOutcome(batch: id, line: line.number, customID: "line-\(line.number)")
            let result = outcome.failed(
                code: error.code, message: "\(error.field ?? "line"): \(error.message)", isRetryable: false)
            state.withLock { $0.skipped(result) }
            return nil
        }
    }

    private enum Admitted { case sent, skipped, stopped }

    /// Waits until the line may be sent, or has its result.
    private func admit(_ line: PlannedLine) async throws -> Admitted {
        while true {
            let now = ContinuousClock.now
            let step = state.withLock { progress in
                let step = progress.step(line.share, now: now, wallClock: parts.clock.now)
                switch step {
                case .send: progress.sent(line.number, as: line.job.id, line.share)
                case .skip(let halt): progress.skipped(line.outcome.unsent(halt))
                case .wait, .halt, .stop: break
                }
                return step
            }
            switch step {
            case .send: return .sent
            case .skip: return .skipped
            case .stop:
                stop()
                return .stopped
            case .halt(let reason): try await halt(reason)
            case .wait(let time): await waitForRoom(line.share, time)
            }
        }
    }

    private func halt(_ reason: Batch.Halt) async throws {
        let halted = try await parts.persist { try await parts.store.halt(id, by: parts.runner, for: reason) }
        guard let halted else { return }
        tell("the rest of a batch is not sent", halted)
        state.change { $0.read(halted) }
    }

    private func waitForRoom(_ share: BatchPace.Share, _ time: Duration?) async {
        if let time {
            // A change ends this wait no sooner, and the longest is below a minute.
            _ = await Task.pause(for: min(time, .seconds(1)))
            return
        }
        let clock = parts.clock
        await state.wait(unless: { progress in
            progress.step(share, now: .now, wallClock: clock.now) != .wait(nil)
        })
    }
}
