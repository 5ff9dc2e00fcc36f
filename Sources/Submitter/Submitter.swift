import ArgumentParser
import Shared

/// Puts requests into the queue: by HTTP, from the command line.
@main
struct Submitter: AsyncParsableCommand {
    /// A file on a full disk must not pass for a whole one, whatever else the command has to say.
    static func main() async {
        HeapTrimmer.limitHeaps()
        var ending: (any Error)?
        do { try await runCommand() } catch { ending = error }
        if let failure = StandardStreams.output.failure {
            StandardStreams.error("\(failure)\n")
            ending = Exit.failed
        }
        if let ending { exit(withError: ending) }
    }

    /// Does as ArgumentParser, but tells a mistake that a command finds while it runs with that command's usage.
    private static func runCommand() async throws {
        var command = try parseAsRoot()
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let mistake as ValidationError {
            let usage = usageString(for: type(of: command))
            StandardStreams.error("Error: \(mistake.message)\nUsage: \(usage)\n")
            throw ExitCode.validationFailure
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "submitter",
        abstract: "Puts requests into the queue of the AI Model Service.",
        discussion: """
            All commands read their settings from the environment and from the file that CONFIG_FILE names; \
            'submitter config' lists them.

            Examples:
              submitter chat "Hello"
              submitter queue --watch
              submitter help jobs list

            Exit codes: 0 done, 1 failed, 3 wrong settings or catalogue, 64 wrong arguments, 130 interrupted; those of \
            'batch run' are in its own help.
            """,
        version: Build.version,
        subcommands: [
            ServeCommand.self, ChatCommand.self, MigrateCommand.self, CatalogFileCommand.self, ImportCommand.self,
            CatalogCommand<ModelNoun>.self, AccountsCommand.self, AuditCommand.self, AlertsCommand.self,
            BudgetsCommand.self, QueueCommand.self, JobsCommand.self, UsageCommand.self, DeadCommand.self, BatchCommand.self,
            KeysCommand.self, ConfigCommand.self, CompletionCommand<Submitter>.self,
        ])
}
