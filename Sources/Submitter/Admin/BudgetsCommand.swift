import ArgumentParser
import Logging
import Shared

/// `submitter budgets`: the most that tenants and users may spend.
struct BudgetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budgets",
        abstract: "Shows, sets and removes budgets: the most that a tenant or a user may spend in a period.",
        discussion: """
            Without a subcommand it lists. docs/budgets.md says what counts, and what becomes of requests.

            Examples:
              submitter budgets set team-a --tenant team-a --unit USD --soft 80 --hard 100
              submitter budgets set bob --tenant team-a --user bob --unit tokens --hard 1000000 --period day
              submitter budgets list
            """,
        subcommands: [ListBudgets.self, ShowBudget.self, SetBudget.self, RemoveBudget.self],
        defaultSubcommand: ListBudgets.self)
}

struct ListBudgets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists budgets with what is spent, by id.",
        discussion: "Example: submitter budgets list --tenant team-a")

    @Option(help: "Only those of this tenant and its users.")
    var tenant: String?

    @Option(help: "Rows at most.")
    var limit = 1000

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { try RecordLimit.check(limit) }

    func run() async throws {
        try await AdminSession.run { session in
            let rows = try await BudgetStore(session.pool).list(tenant: tenant, limit: limit).map(\.view)
            let shown = json ? rows : rows.map { RecordLimit.readable($0, times: ["ends_at"]) }
            let columns = [
                "id", "tenant", "user", "period", "unit", "spent", "soft", "hard", "remaining", "level", "ends_at",
            ]
            AdminOutput.list(shown, columns, asJSON: json)
        }
    }
}

struct ShowBudget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a budget with what is spent in its current period.",
        discussion: """
            Example: submitter budgets show team-a

            Exit codes: 0 done, 1 there is no such budget.
            """)

    @Argument(help: "The id.")
    var id: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            guard let state = try await BudgetStore(session.pool).get(id) else { throw BudgetError.notFound(id) }
            AdminOutput.row(state.view, asJSON: json)
        }
    }
}

struct SetBudget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Sets a budget, or changes one.",
        discussion: """
            Of one that is there only what is given changes. What was spent before in its period counts. All processes \
            know within a second.

            Examples:
              submitter budgets set team-a --tenant team-a --unit USD --soft 80 --hard 100
              submitter budgets set team-a --hard 200 --reason "launch"
            """)

    @Argument(help: "The id: letters, digits, dots, underscores or hyphens.")
    var id: String

    @Option(help: "Whose spending counts (default: default).")
    var tenant: String?

    @Option(help: "Only this user of the tenant.")
    var user: String?

    @Option(help: "tokens, or the currency of the prices that count, as in USD.")
    var unit: String?

    @Option(help: "day, week, month or total (default: month).")
    var period: Budget.Period?

    @Option(help: "The hour in UTC at which a period begins, 0 to 23.")
    var resetHour: Int?

    @Option(help: "The day on which it begins: of the week, 1 (Monday) to 7, or of the month, 1 to 28.")
    var resetDay: Int?

    @Option(help: "From here on there is an alert.", transform: SetBudget.amount)
    var soft: JSON?

    @Option(help: "From here on requests are refused.", transform: SetBudget.amount)
    var hard: JSON?

    @Flag(help: "Take the soft amount away.")
    var noSoft = false

    @Flag(help: "Take the hard amount away.")
    var noHard = false

    @Option(help: "Why, for the audit log.")
    var reason: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard BudgetDraft.isID(id) else {
            throw ValidationError("id: expected 1 to 128 letters, digits, dots, underscores or hyphens")
        }
        guard soft == nil || !noSoft, hard == nil || !noHard else {
            throw ValidationError("give an amount, or take it away, not both")
        }
    }

    func run() async throws {
        try await AdminSession.run { session in
            do throws(BudgetError) {
                let state = try await session.budgets.put(id, fields, .set, by: session.author(reason))
                AdminOutput.row(state.view, asJSON: json)
            } catch {
                guard case .invalid(let mistake) = error else { throw error }
                throw ValidationError("\(mistake)")
            }
        }
    }

    var fields: JSONObject {
        var fields = JSONObject()
        for (name, text) in [("tenant", tenant), ("user", user), ("unit", unit), ("period", period?.rawValue)] {
            if let text { fields.set(name, .string(text)) }
        }
        for (name, number) in [("reset_hour", resetHour), ("reset_day", resetDay)] {
            if let number { fields.set(name, .int(number)) }
        }
        for (name, amount) in [("soft", noSoft ? JSON.null : soft), ("hard", noHard ? JSON.null : hard)] {
            if let amount { fields.set(name, amount) }
        }
        return fields
    }

    @Sendable static func amount(_ text: String) throws -> JSON {
        guard text.utf8.count <= 64, let json = try? JSON(parsing: Array(text.utf8)), case .number = json else {
            throw ValidationError("expected a number, as in 100 or 99.5")
        }
        return json
    }
}

struct RemoveBudget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Removes a budget: its requests are refused no longer.",
        discussion: """
            Example: submitter budgets remove team-a --reason "contract ended"

            Exit codes: 0 done, 1 there is no such budget.
            """)

    @Argument(help: "The id.")
    var id: String

    @Option(help: "Why, for the audit log.")
    var reason: String?

    func run() async throws {
        try await AdminSession.run { session in
            try await session.budgets.remove(id, by: session.author(reason))
        }
    }
}

extension AdminSession {
    fileprivate var budgets: BudgetAdmin { BudgetAdmin(pool) { await tellOfBudgets() } }

    /// The change is committed already: a Redis that is away costs only time.
    private func tellOfBudgets() async {
        let (keys, logger) = (PoolKeys(prefix: startup.shared.cachePrefix), startup.logger("submitter"))
        let store = BudgetStore(pool)
        var isTold = false
        do {
            isTold = try await withRedis { redis in
                await BudgetPublisher(store: store, redis: redis, keys: keys, logger: logger).look()
            }
        } catch { logger.debug("budgets are told of later", metadata: [LogKey.error: "\(error)"]) }
        if !isTold {
            StandardStreams.error("Redis cannot be told: processes know when it is back and a worker is there.\n")
        }
    }
}
