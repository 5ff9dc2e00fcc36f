import ArgumentParser
import Logging
import Shared

/// `submitter migrate`: brings PostgreSQL to this build's schema.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Applies database migrations.",
        discussion: """
            Safe to run at any time and by several processes at once: an advisory lock lets one through, and what is \
            applied already is left alone. Models and accounts stay as they are: 'submitter catalog apply' loads them.

            Example: submitter migrate

            Exit codes: 0 done, 1 PostgreSQL cannot be reached or refuses, 3 mistakes in the settings, all of them listed.
            """)

    func run() async throws {
        let startup = try Startup()
        let pool = PostgresPool(startup.postgres())
        do {
            let applied = try await CatalogBootstrap(startup.shared, pool, startup.logger("submitter")).migrate()
            AdminOutput.say(
                applied.isEmpty ? "The schema is up to date." : "Migrated: \(applied.joined(separator: ", ")).")
        } catch {
            await pool.close()
            StandardStreams.error("\(error)\n")
            throw Exit.failed
        }
        await pool.close()
    }
}
