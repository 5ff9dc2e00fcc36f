import ArgumentParser
import Shared

/// PostgreSQL and the voice of one command about batches.
struct BatchSession: Sendable {
    let store: BatchStore
    let catalog: CatalogStore
    let reporter: ProgressReporter
    let trimInterval: Duration

    /// Runs `work`, and tells its failure on standard error.
    static func run(
        _ voice: ProgressReporter.Voice = .quiet, _ work: (BatchSession) async throws -> Void
    ) async throws {
        try await AdminSession.run { admin in
            let session = BatchSession(
                store: BatchStore(admin.pool), catalog: CatalogStore(admin.pool), reporter: ProgressReporter(voice),
                trimInterval: admin.startup.shared.heapTrimInterval)
            do { try await work(session) } catch let trouble as BatchTrouble {
                StandardStreams.error("\(trouble)\n")
                throw ExitCode(trouble.code)
            } catch let mistakes as InputMistakes {
                session.reporter.mistakes(mistakes)
                StandardStreams.error("\(mistakes)\n")
                throw Exit.wrongSettings
            }
        }
    }

    /// Runs what follows a batch, with Ctrl-C, and ends with its exit code.
    ///
    /// `again`: the words for what goes on after a stop.
    func finish(
        _ stops: Interrupts, again: String, _ output: String, _ work: @escaping @Sendable () async throws -> BatchOutcome
    ) async throws {
        let outcome = try await stops.run {
            try await withTrimming { try await work() }
        }
        guard let outcome else {
            try await detach(stops, again: again, output)
            throw Exit.interrupted
        }
        if outcome == .drained { reporter.notice("stopped; to go on: \(again)") }
        if outcome.exitCode != 0 { throw ExitCode(outcome.exitCode) }
    }

    private func withTrimming<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [trimInterval] in try await HeapTrimmer(every: trimInterval).run() }
            defer { group.cancelAll() }
            return try await work()
        }
    }

    /// The batch goes on without this command.
    private func detach(_ stops: Interrupts, again: String, _ output: String) async throws {
        guard let batch = stops.batch else {
            return reporter.notice("interrupted before the batch began; to go on: \(again)")
        }
        let isRunning = await isUnpaused(batch)
        reporter.notice(
            isRunning
                ? "detached; the batch goes on: submitter batch attach \(batch) -o \(output)"
                : "detached, but PostgreSQL is away and the batch may be paused; to go on: \(again)")
    }

    /// Waits a few seconds for PostgreSQL, no longer.
    private func isUnpaused(_ batch: String) async -> Bool {
        await withTaskGroup(of: Bool.self) { race in
            race.addTask { [store] in
                do { return try await store.pause(batch, false) != nil } catch { return false }
            }
            race.addTask {
                do { try await EventLoopTimer.sleep(for: .seconds(3)) } catch { return false }
                return false
            }
            defer { race.cancelAll() }
            return await race.next() ?? false
        }
    }
}
