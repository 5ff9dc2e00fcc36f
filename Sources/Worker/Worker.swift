import ArgumentParser
import Logging
import NIOPosix
import ServiceLifecycle
import Shared

/// The worker process: reads its settings, puts the parts together, runs until SIGTERM.
@main
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Claims requests from the Redis queue, calls the AI platforms and streams their answers back.",
        discussion: """
            Settings come from the environment and from the file that CONFIG_FILE names; `submitter config` lists them all.
            Start as many workers as you like: they share the work and take over from each other.

            SIGTERM drains: no new jobs, running ones have DRAIN_TIMEOUT to end, then exit 0.
            Exit codes: 0 drained, 1 cannot start (the reason is on standard error), 3 wrong settings.
            """,
        version: Build.version)

    @Flag(help: "Print the worker's own settings as a Markdown table and exit.")
    var listSettings = false

    func run() async throws {
        var settings = Settings(environment: ProcessEnvironment.all)
        let shared = SharedConfig(&settings)
        let worker = WorkerConfig(&settings)
        if listSettings { return Output.line(SettingsTable(settings.declared).markdown) }
        do { try settings.check() } catch { throw Exit.settings(error) }
        let logger = LogSetup.logger("worker", shared)
        do {
            try await WorkerProcess(shared, worker, logger).run()
        } catch {
            logger.critical("cannot run", metadata: ["error": "\(error)"])
            throw ExitCode(1)
        }
    }
}
