import ArgumentParser
import Foundation
import Glibc
import Logging
import Shared

/// The worker process: reads its settings, puts the parts together, runs until SIGTERM.
@main
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Claims requests from the Redis queue, calls the AI platforms and streams their answers back.",
        discussion: """
            Settings come from the environment and from the file that CONFIG_FILE names; `worker --list-settings` lists them.
            Start as many workers as you like: they share the work and take over from each other.

            SIGTERM drains: no new jobs, running ones have DRAIN_TIMEOUT to end, then exit 0.
            Exit codes: 0 drained, 1 cannot run (the reason is on standard error), 3 wrong settings; with --ping 1 also for an
            account that failed.
            """,
        version: Build.version)

    @Flag(help: "Print all settings of the worker as a Markdown table and exit.")
    var listSettings = false

    @Flag(help: "Call each active account's platform once, as cheaply as it allows, print how it went and exit.")
    var ping = false

    @Option(help: "Keep what platforms send in this folder, everything said masked; see docs/platforms.md.")
    var record: String?

    @Option(help: "Only of these accounts, by their ids, separated by commas.")
    var recordAccounts: String?

    func run() async throws {
        HeapTrimmer.limitHeaps()
        var settings = Settings(environment: listSettings ? [:] : environment)
        let shared = SharedConfig(&settings)
        let worker = WorkerConfig(&settings)
        if listSettings {
            return FileHandle.standardOutput.write(Data(SettingsTable(settings.declared).markdown.utf8))
        }
        do { try settings.check() } catch { try fail("\(error)", code: 3) }
        let logger = LogSetup.logger("worker", shared.log)
        // A platform that closes while we send is an error of that call (EPIPE), not the end of this process.
        _ = signal(SIGPIPE, SIG_IGN)
        do {
            if ping { try await check(shared, worker, logger) } else { try await work(shared, worker, logger) }
        } catch let code as ExitCode {
            throw code
        } catch {
            let address = "\(worker.host):\(worker.port)"
            let known = ListenFailure(error, address: address, host: "WORKER_HOST", port: "WORKER_PORT")
            logger.critical("the worker cannot run", metadata: [LogKey.error: "\(known ?? error)"])
            throw ExitCode(1)
        }
    }

    /// Options win over the settings of the same meaning.
    private var environment: [String: String] {
        let options = [("RECORD_DIR", record), ("RECORD_ACCOUNTS", recordAccounts)]
        return options.reduce(into: ProcessInfo.processInfo.environment) { $0[$1.0] = $1.1 ?? $0[$1.0] }
    }

    private func work(_ shared: SharedConfig, _ worker: WorkerConfig, _ logger: Logger) async throws {
        if let complaint = try await shared.durabilityComplaint(logger: logger) { try fail(complaint, code: 3) }
        try await WorkerProcess(shared, worker, logger).run()
    }

    /// Throws the exit code where an account failed.
    private func check(_ shared: SharedConfig, _ worker: WorkerConfig, _ logger: Logger) async throws {
        let postgres = PostgresPool(shared.postgres)
        let catalog = try await CatalogBootstrap(shared, postgres, logger).start().current
        await postgres.close()
        let http = try HTTPClient(configuration: worker.http)
        let platforms = PlatformCaller(
            http: http, credentials: AccountCredentials(box: try shared.masterKeys.box()), tokens: AccountTokens(),
            clocks: PlatformClocks(), timeouts: worker.timeouts, maxAnswerBytes: worker.maxAnswerBytes,
            clock: SystemWallClock())
        let check = AccountCheck(catalog: catalog, platforms: platforms, timeLeft: worker.timeouts.http.total)
        let isGood = await check.run()
        await http.shutdown()
        guard isGood else { throw ExitCode(1) }
    }

    private func fail(_ text: String, code: Int32) throws -> Never {
        FileHandle.standardError.write(Data((text + "\n").utf8))
        throw ExitCode(code)
    }
}
