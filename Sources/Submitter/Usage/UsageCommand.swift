import ArgumentParser
import Shared

/// `submitter usage`: sums of the ledger, and platforms' bills beside it.
struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Sums attempts, tokens and cost, and compares them with platforms' bills.",
        discussion: """
            Without a subcommand it sums.

            Examples:
              submitter usage --by model --since 24h
              submitter usage reconcile bill.csv --provider openai
            """,
        subcommands: [SumUsage.self, ReconcileUsage.self],
        defaultSubcommand: SumUsage.self)
}

/// `submitter usage sum`: sums of the ledger.
struct SumUsage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sum",
        abstract: "Sums attempts, tokens and cost by model, user, account, platform, tenant or time.",
        discussion: """
            Reads the hourly sums in PostgreSQL, so the window is whole hours: --since goes back to the beginning of its \
            hour, --until on to the end of its hour. The window is told on standard error. Attempts that are not booked \
            yet are missing (usually those of the last second).

            An attempt is one call of a platform; 'errors' are those that failed or were lost with their worker. Each \
            currency has its own rows and its own total. CSV has no totals, so that a column can be summed.

            Examples:
              submitter usage --by model --since 24h
              submitter usage --by day --since 2026-11-01 --until 2026-12-01
              submitter usage --by user --tenant acme --format csv > acme.csv

            Exit codes: 0 done, 1 PostgreSQL cannot be reached, 3 wrong settings, 64 wrong arguments.
            """)

    @Option(help: "One row for each model, user, account, platform (or provider), tenant, hour or day.")
    var by = UsageDimension.model

    @Option(
        help: ArgumentHelp(
            "From when on, as in 24h, 7d, 2026-11-29 or 2026-11-29T15:00Z (default: 24h).", valueName: "time"),
        transform: TimePoint.parse)
    var since: TimePoint?

    @Option(help: ArgumentHelp("Until when (default: now).", valueName: "time"), transform: TimePoint.parse)
    var until: TimePoint?

    @Option(help: "Only this tenant's.")
    var tenant: String?

    @Option(help: "Only of this model, by its id.")
    var model: String?

    @Option(help: "Print table, json or csv.")
    var format = ReportFormat.table

    @Option(help: "Rows at most, 1 to 100000; totals count all.")
    var limit = 1000

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit: expected 1 to 100000") }
        let window = window(now: SystemWallClock().now)
        guard window.since < window.until else {
            throw ValidationError("--since: expected a time before \(until == nil ? "now" : "--until")")
        }
    }

    /// Milliseconds since 1970.
    private func window(now: Int64) -> (since: Int64, until: Int64) {
        ((since ?? .ago(86_400_000)).milliseconds(now: now), (until ?? .ago(0)).milliseconds(now: now))
    }

    func run() async throws {
        let now = SystemWallClock().now
        let (since, until) = window(now: now)
        var query = StatisticsQuery(
            view: .usage, window: StatisticsWindow(since: since, until: until), groups: [by.dimension], limit: limit,
            now: now)
        query.filters[.tenant] = tenant
        query.filters[.model] = model
        try await AdminSession.run { [query] session in
            let report = UsageReport(by: by, query: query, answer: try await query.answer(session.pool))
            switch format {
            case .json: AdminOutput.row(report.json, asJSON: true)
            case .csv: StandardStreams.out(Array(report.csv.utf8))
            case .table: StandardStreams.out(Array(report.table(width: TerminalSize.of()?.columns).utf8))
            }
            if format != .json { StandardStreams.error(report.note) }
        }
    }
}
