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
    /// Names this claim of the batch in its row, unlike any other claim.
    let claim: String
    /// Another process may have sent lines of it before.
    let isTakenOver: Bool
    let state: WatchedState<BatchProgress>

    /// `end`: until then the batch is this process' own.
    init(_ batch: Batch, _ parts: BatchParts, until end: ContinuousClock.Instant) {
        self.parts = parts
        id = batch.id
        claim = batch.runner ?? ""
        isTakenOver = batch.times.inProgress != nil
        state = WatchedState(BatchProgress(batch, parts.settings, now: .now, leaseEnds: end))
    }

    var batch: Batch { state.withLock { $0.batch } }

    func run() async {
        do {
            try await check()
            try await send(all: try await parts.persist { try await parts.store.doneLines(of: id) })
            await bookRest()
            guard state.withLock({ $0.isDone }) else { return await letGo() }
            let status = batch.lastStatus
            tell("a batch ended", try await parts.persist { try await parts.store.end(id, by: claim, as: status) })
        } catch is Ended {
            // Its row says how.
        } catch is BatchStore.Lost {
            parts.logger.info("a batch is run by another process, or was changed", metadata: [LogKey.batch: "\(id)"])
            await letGo()
        } catch is CancellationError {
            parts.logger.info("a batch is left to another process", metadata: [LogKey.batch: "\(id)"])
            await letGo()
        } catch {
            // It is taken up anew after `BATCH_LEASE`.
            parts.logger.error("a batch cannot be run", metadata: [LogKey.batch: "\(id)", LogKey.error: "\(error)"])
        }
    }

    /// There is nothing to send.
    private struct Ended: Error {}

    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Sends nothing more, and leaves what is in the queue to the next runner.
    func stop() { state.change { $0.stop() } }

    /// The batch is this process' own until `end`, and `batch` is how people have changed its row.
    func renewed(_ batch: Batch, until end: ContinuousClock.Instant) {
        state.change { progress in
            progress.leaseEnds = end
            return progress.read(batch)
        }
    }

    private func tell(_ message: Logger.Message, _ batch: Batch) {
        parts.logger.info(
            message,
            metadata: [
                LogKey.batch: "\(id)", LogKey.status: "\(batch.status.rawValue)", LogKey.count: "\(batch.counts.done)",
            ])
    }

    /// For any process to claim at once, where it is still this one's.
    private func letGo() async {
        do { try await parts.store.release(id, claim) } catch {
            parts.logger.debug("a batch is left to its lease", metadata: [LogKey.error: "\(error)"])
        }
    }

    // MARK: - Checking

    private func check() async throws {
        guard batch.times.inProgress == nil else { return }
        guard batch.status == .validating else {
            _ = try await parts.persist { try await parts.store.end(id, by: claim, as: .cancelled) }
            throw Ended()
        }
        var check = BatchCheck(batch, parts)
        switch try await check.run(unless: { self.isStopped }) {
        case .good(let total):
            let validated = try await parts.persist { try await parts.store.validated(id, by: claim, total: total) }
            state.change { $0.read(validated) }
        case .bad(let mistakes): try await refuse(mistakes)
        }
    }

    private func refuse(_ mistakes: JSON) async throws -> Never {
        tell("a batch was refused", try await parts.persist { try await parts.store.refused(id, by: claim, mistakes) })
        throw Ended()
    }

    // MARK: - Sending

    private func send(all done: LineSet) async throws {
        tell("a batch is run", batch)
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await self.book() }
            group.addTask { await self.cancelWhereHalted() }
            try await self.expand(without: done, into: &group)
            await self.state.wait(unless: { $0.isDone || $0.isStopped })
            group.cancelAll()
        }
    }

    private func expand(without done: LineSet, into group: inout ThrowingDiscardingTaskGroup<any Error>) async throws {
        var input = BatchInput(file: batch.inputFile)
        var count = 0
        while let line = try await input.next(parts) {
            count += 1
            if done.contains(line.number) { continue }
            guard let planned = await plan(line) else { continue }
            switch try await admit(planned) {
            case .sent: group.addTask { await self.finish(planned) }
            case .skipped: break
            case .stopped: return
            }
            // Other tasks of this loop come between some lines.
            if count.isMultiple(of: 4) { await Task.yield() }
        }
        if count < batch.counts.total { try await refuse(Self.inputIsGone) }
        state.change { progress in
            progress.expanded()
            return true
        }
    }

    /// Somebody deleted it in the database.
    private static let inputIsGone: JSON = [
        ["code": "input_file_gone", "line": .null, "message": "The input file is not there any more.", "param": .null]
    ]

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
                case .skip, .wait, .halt, .stop: break
                }
                return step
            }
            switch step {
            case .send: return .sent
            case .skip(let halt):
                guard try await mayHaveBeenSent(line) else {
                    state.withLock { $0.skipped(line.outcome.unsent(halt)) }
                    return .skipped
                }
                state.withLock { $0.sent(line.number, as: line.job.id, line.share) }
                return .sent
            case .stop:
                stop()
                return .stopped
            case .halt(let reason): try await halt(reason)
            case .wait(let time): await waitForRoom(line.share, time)
            }
        }
    }

    private func halt(_ reason: Batch.Halt) async throws {
        let halted = try await parts.persist { try await parts.store.halt(id, by: claim, for: reason) }
        tell("the rest of a batch is not sent", halted)
        state.change { $0.read(halted) }
    }

    private func waitForRoom(_ share: BatchPace.Share, _ time: Duration?) async {
        if let time {
            // A change ends this wait no sooner, and the longest is below a minute.
            if await !Task.pause(for: min(time, .seconds(1))) { stop() }
            return
        }
        let clock = parts.clock
        await state.wait(unless: { progress in
            progress.step(share, now: .now, wallClock: clock.now) != .wait(nil)
        })
    }
}
