import ArgumentParser
import Shared

/// `submitter catalog`: the catalogue as a file.
struct CatalogFileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog", abstract: "Loads models and accounts from a catalogue file.",
        discussion: "Example: submitter catalog apply catalog.yaml --dry-run",
        subcommands: [ApplyCatalog.self])
}

struct ApplyCatalog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Brings the catalogue to what a file says, and prints the difference.",
        discussion: """
            Touches only entries and fields that the file names; null takes a field back to its default. A list (aliases, models) \
            is what the file says, settings and capabilities are taken one by one. Keys are compared with the sealed ones. \
            Everything is checked first, and written in one transaction with a row in 'submitter audit' for each change; running \
            workers and shims have it within a second. A second run changes nothing.

            Example: submitter catalog apply catalog.yaml --dry-run

            Exit codes: 0 done or nothing to do, 1 PostgreSQL cannot be reached or refuses, 3 mistakes in the settings or in the \
            file, all of them listed.
            """)

    @Argument(help: "Catalogue file, YAML or JSON (docs/configuration.md).")
    var file: String

    @Flag(help: "Print the difference, and change nothing.")
    var dryRun = false

    @Flag(help: "Do nothing unless the catalogue is empty and was never changed by people.")
    var ifEmpty = false

    @Option(help: "Why, for the audit log; the file's name if not given.")
    var reason: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if dryRun, ifEmpty { throw ValidationError("expected only one of --dry-run and --if-empty") }
    }

    func run() async throws {
        try await AdminSession.run { session in
            do {
                try await apply(session)
            } catch let mistakes as CatalogFile.Mistakes {
                StandardStreams.error("\(mistakes)\n")
                throw Exit.wrongSettings
            }
        }
    }

    private func apply(_ session: AdminSession) async throws {
        let draft = try CatalogDraft(path: file)
        let name = file.split(separator: "/").last.map(String.init) ?? file
        let outcome = try await CatalogApply(pool: session.pool, box: try session.startup.shared.masterKeys.box()) {
            await session.tell()
        }.run(
            draft, dryRun ? .dryRun : ifEmpty ? .ifEmpty : .write,
            by: session.author(reason ?? "catalog apply \(name)"))
        let report = CatalogReport(outcome: outcome, isDryRun: dryRun)
        json ? AdminOutput.row(report.json, asJSON: true) : AdminOutput.say(TerminalText.lines(report.text))
    }
}
