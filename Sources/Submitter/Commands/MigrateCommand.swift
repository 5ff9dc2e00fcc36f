import ArgumentParser
import Logging
import Shared

/// `submitter migrate`: brings PostgreSQL to this build's schema, and loads a catalogue file.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Applies database migrations and loads a catalogue file.",
        discussion: """
            Safe to run at any time and by several processes at once: an advisory lock lets one through, and what is \
            applied already is left alone. Models and accounts that are not in the file stay as they are.

            Exit codes: 0 done, 1 PostgreSQL cannot be reached or refuses, 3 mistakes in the settings or in the file, \
            all of them listed.
            """)

    @Option(help: "Catalogue file (YAML or JSON); CATALOG_FILE if not given.")
    var catalog: String?

    func run() async throws {
        let startup = try Startup()
        let pool = PostgresPool(startup.postgres())
        do {
            let applied = try await CatalogBootstrap(startup.shared, pool, startup.logger("submitter")).migrate()
            say(applied.isEmpty ? "The schema is up to date." : "Migrated: \(applied.joined(separator: ", ")).")
            if let path = catalog ?? startup.shared.catalogFile { try await load(path, startup, pool) }
        } catch {
            await pool.close()
            throw complained(error)
        }
        await pool.close()
    }

    private func load(_ path: String, _ startup: Startup, _ pool: PostgresPool) async throws {
        let file = try CatalogFile(path: path)
        let (models, accounts) = try await CatalogStore(pool).apply(file, box: try startup.shared.secretBox())
        try await CatalogNews.tell(startup.shared, startup.logger("submitter"))
        say("Loaded \(models) models and \(accounts) accounts.")
    }

    private func say(_ text: String) { StandardStreams.out(Array("\(text)\n".utf8)) }

    private func complained(_ error: any Error) -> ExitCode {
        StandardStreams.error("\(error)\n")
        return error is CatalogFile.Mistakes || error is SecretBox.Failure ? Exit.wrongSettings : Exit.failed
    }
}
