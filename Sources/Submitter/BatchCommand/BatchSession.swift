import ArgumentParser
import Shared

#if canImport(Glibc)
    import Glibc
#endif

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
        // A pipe that nobody reads any more must not end a command that writes files, too.
        _ = signal(SIGPIPE, SIG_IGN)
        try await AdminSession.run { admin in
            let session = BatchSession(
                store: BatchStore(admin.pool), catalog: CatalogStore(admin.pool), reporter: ProgressReporter(voice),
                trimInterval: admin.startup.shared.heapTrimInterval)
            do { try await work(session) } catch { throw session.told(error) }
        }
    }

    private func told(_ error: any Error) -> any Error {
        reporter.leaveLine()
        switch error {
        case let trouble as BatchTrouble:
            StandardStreams.error("\(TerminalText.plain(trouble.description))\n")
            return ExitCode(trouble.code)
        case let mistakes as InputMistakes:
            reporter.mistakes(mistakes)
            StandardStreams.error("\(mistakes)\n")
            return Exit.wrongSettings
        default: return error
        }
    }

    /// The words for a person who has stopped a command.
    struct Farewell: Sendable {
        /// The first Ctrl-C ended it.
        let stopped: String
        /// A second one did, and the batch of this id goes on.
        let detached: @Sendable (String) -> String
    }

    /// Runs what follows a batch, with Ctrl-C, and ends with its exit code.
    func finish(
        _ stops: Interrupts, _ farewell: Farewell, _ work: @escaping @Sendable () async throws -> BatchOutcome
    ) async throws {
        let outcome = try await stops.run {
            try await withTrimming { try await work() }
        }
        guard let outcome else {
            if let batch = stops.batch { try await detach(batch, farewell) } else { reporter.notice(farewell.stopped) }
            throw Exit.interrupted
        }
        if outcome == .drained { reporter.notice(farewell.stopped) }
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
    private func detach(_ batch: String, _ farewell: Farewell) async throws {
        let found = await soon { [store] () async throws(PostgresError) in try await store.pause(batch, false) }
        guard found.flatMap(\.self) == nil else { return reporter.notice(farewell.detached(batch)) }
        reporter.failure("PostgreSQL is away, so \(batch) may be paused; \(farewell.stopped)")
    }

    /// Waits a few seconds for PostgreSQL, no longer: `nil` where it did not answer.
    func soon<Value: Sendable>(_ work: @escaping @Sendable () async throws(PostgresError) -> Value) async -> Value? {
        await withTaskGroup(of: Value?.self) { race in
            race.addTask {
                do throws(PostgresError) { return try await work() } catch { return nil }
            }
            race.addTask {
                do { try await EventLoopTimer.sleep(for: .seconds(3)) } catch { return nil }
                return nil
            }
            defer { race.cancelAll() }
            return await race.next() ?? nil
        }
    }
}
