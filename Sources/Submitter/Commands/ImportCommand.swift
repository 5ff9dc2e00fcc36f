import ArgumentParser
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `submitter import`: accounts and models from the database of another gateway.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Imports accounts and models from one-api or new-api.",
        discussion: """
            Prints what would be made and changes nothing, unless --apply is given. Models that the catalogue has are kept; \
            accounts get the ids <prefix><channel id>, so that a second import updates them. Keys are shown by their last \
            four characters at most.

            Example: submitter import one-api --from one-api.db

            Exit codes: 0 done, 1 the source or PostgreSQL cannot be read, 3 wrong settings (MASTER_KEY seals the keys).
            """)

    @Argument(help: "What the source is: one-api or new-api.")
    var product: ImportProduct

    @Option(
        help: """
            postgresql://… , a SQLite file, or a JSON file with the rows of the table channels; env:NAME takes it from an \
            environment variable, where a URL with a password belongs.
            """)
    var from: String

    @Flag(help: "Write what was planned, in one transaction.")
    var apply = false

    @Option(help: "Begins the ids of accounts; the product and a hyphen if not given.")
    var prefix: String?

    @Flag(help: "Import the accounts disabled.")
    var disable = false

    @Flag(help: "Print the plan as JSON.")
    var json = false

    func validate() throws {
        let isPlain = (prefix ?? "").utf8.allSatisfy { ($0 > 32 && $0 < 127) && $0 != UInt8(ascii: "/") }
        guard isPlain, (prefix ?? "").utf8.count <= 64 else {
            throw ValidationError("--prefix: expected at most 64 characters without blanks and slashes")
        }
    }

    func run() async throws {
        let startup = try Startup()
        let pool = PostgresPool(startup.postgres())
        do {
            try await run(startup, pool)
            await pool.close()
        } catch {
            await pool.close()
            StandardStreams.error("\(error)\n")
            throw error is CatalogFile.Mistakes || error is SecretBox.Failure ? Exit.wrongSettings : Exit.failed
        }
    }

    private func run(_ startup: Startup, _ pool: PostgresPool) async throws {
        let source = try ImportSource(from, environment: ProcessInfo.processInfo.environment)
        let channels = try await source.channels(of: product)
        if apply { try await CatalogBootstrap(startup.shared, pool, startup.logger("submitter")).migrate() }
        let store = CatalogStore(pool)
        let options = ImportPlan.Options(
            product: product, prefix: prefix ?? product.rawValue + "-", isDisabled: disable)
        let plan = ImportPlan(channels, options, catalog: try await catalog(store))
        if apply {
            try await store.apply(
                plan.file, box: try startup.shared.masterKeys.box(), actor: AdminSession.actor,
                reason: "import \(product.rawValue)")
            try await CatalogNotifier.tell(startup.shared, startup.logger("submitter"))
        }
        let report = ImportReport(plan: plan, isApplied: apply)
        if json { return AdminOutput.row(report.json, asJSON: true) }
        StandardStreams.out(Array(TerminalText.lines(report.text).utf8))
    }

    /// A database that was never migrated has an empty catalogue, and a dry run does not migrate it.
    private func catalog(_ store: CatalogStore) async throws(PostgresError) -> CatalogSnapshot {
        do { return try await store.load() } catch {
            guard error.code == .undefinedTable, !apply else { throw error }
            return CatalogSnapshot()
        }
    }
}

extension ImportProduct: ExpressibleByArgument {
    init?(argument: String) { self.init(anyCase: argument) }
}
