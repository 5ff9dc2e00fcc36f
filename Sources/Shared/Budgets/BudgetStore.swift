/// Budgets in PostgreSQL, with what is spent of them, for whoever reads.
///
/// `BudgetAdmin` changes them. What is spent is kept by triggers (`Migrations.Step.budgets`).
package struct BudgetStore: Sendable {
    private let pool: PostgresPool

    package init(_ pool: PostgresPool) { self.pool = pool }

    /// By id, behind `after` where it is given.
    package func list(
        tenant: String? = nil, after: String? = nil, limit: Int
    ) async throws(PostgresError) -> [BudgetState] {
        let rows = try await pool.query(
            """
            \(Self.select) WHERE ($1::text IS NULL OR b.tenant = $1) AND ($2::text IS NULL OR b.id COLLATE "C" > $2)
            ORDER BY b.id COLLATE "C" LIMIT $3::integer
            """, [.text(tenant), .text(after), .int(limit)])
        return try Self.states(rows)
    }

    package func get(_ id: String) async throws(PostgresError) -> BudgetState? {
        try Self.states(try await pool.query("\(Self.select) WHERE b.id = $1", [.text(id)])).first
    }

    /// Those of which `soft` or `hard` was reached, by id.
    package func reached(limit: Int) async throws(PostgresError) -> [BudgetState] {
        let rows = try await pool.query(
            "\(Self.select) WHERE coalesce(s.spent, 0) >= least(b.soft, b.hard) ORDER BY b.id LIMIT $1::integer",
            [.int(limit)])
        return try Self.states(rows)
    }

    /// Those that are used up.
    package func spent() async throws(PostgresError) -> SpentBudgets {
        let rows = try await pool.query(
            """
            SELECT n.count, (extract(epoch FROM statement_timestamp()) * 1000)::bigint AS as_of, up.*
            FROM (SELECT count(*) AS count FROM budgets) AS n LEFT JOIN (
                SELECT b.id, b.kind, b.tenant, b.subject, \(Self.end) AS ends
                FROM \(Self.source) WHERE coalesce(s.spent, 0) >= b.hard) AS up ON true
            """)
        guard let first = rows.first else { throw PostgresError(.decoding, "SELECT returned no row") }
        var spent: [(subject: BudgetSubject, refusal: SpentBudgets.Refusal)] = []
        for row in rows.rows {
            guard let id = try row.text("id"), let subject = try Self.subject(row) else { continue }
            spent.append((subject, SpentBudgets.Refusal(budget: id, until: try row.value("ends"))))
        }
        return SpentBudgets(count: try first.required("count"), asOf: try first.required("as_of"), spent)
    }

    /// Forgets what was spent in periods that have ended for a month, and of budgets that are gone.
    package func prune() async throws(PostgresError) {
        _ = try await pool.query(
            """
            DELETE FROM budget_spending s WHERE NOT EXISTS (
                SELECT 1 FROM budgets b WHERE b.id = s.budget
                    AND s.begins_at >= budget_begin(b.period, b.shift, now() - interval '30 days'))
            """)
    }

    // MARK: - Rows

    /// Each budget `b` with its current period `p` and what is spent in it, `s`.
    private static let source = """
        budgets b CROSS JOIN LATERAL (SELECT budget_begin(b.period, b.shift, now()) AS begins_at) AS p
            LEFT JOIN budget_spending s ON s.budget = b.id AND s.begins_at = p.begins_at
        """
    private static let end = "(extract(epoch FROM budget_end(b.period, b.shift, now())) * 1000)::bigint"

    static let select = """
        SELECT b.id, b.kind, b.tenant, b.subject, b.unit, b.period, b.reset_hour, b.reset_day,
            trim_scale(b.soft) AS soft, trim_scale(b.hard) AS hard, trim_scale(coalesce(s.spent, 0)) AS spent,
            trim_scale(b.hard - coalesce(s.spent, 0)) AS remaining,
            coalesce(s.spent, 0) >= b.soft AS is_soft, coalesce(s.spent, 0) >= b.hard AS is_spent,
            (extract(epoch FROM p.begins_at) * 1000)::bigint AS begins, \(end) AS ends,
            (extract(epoch FROM b.created_at) * 1000)::bigint AS created,
            (extract(epoch FROM b.updated_at) * 1000)::bigint AS updated
        FROM \(source)
        """

    /// Leaves out those whose kind or period only a newer build knows.
    static func states(_ rows: PostgresRows) throws(PostgresError) -> [BudgetState] {
        var states: [BudgetState] = []
        for row in rows.rows { if let state = try state(row) { states.append(state) } }
        return states
    }

    private static func state(_ row: PostgresRow) throws(PostgresError) -> BudgetState? {
        guard let subject = try subject(row), let period = Budget.Period(rawValue: try row.required("period")) else {
            return nil
        }
        var budget = Budget(id: try row.required("id"), subject: subject, unit: try row.required("unit"))
        budget.period = period
        budget.resetHour = try row.required("reset_hour")
        budget.resetDay = try row.required("reset_day")
        budget.soft = try amount(row, "soft")
        budget.hard = try amount(row, "hard")
        return BudgetState(
            budget: budget, spent: try amount(row, "spent") ?? JSONNumber(0), remaining: try amount(row, "remaining"),
            isSoftReached: try row.bool("is_soft"), isSpent: try row.bool("is_spent"),
            beginsAt: try row.required("begins"), endsAt: try row.value("ends"), createdAt: try row.required("created"),
            updatedAt: try row.required("updated"))
    }

    private static func subject(_ row: PostgresRow) throws(PostgresError) -> BudgetSubject? {
        guard let kind = BudgetSubject.Kind(rawValue: try row.required("kind")) else { return nil }
        return BudgetSubject(kind, tenant: try row.required("tenant"), name: try row.required("subject"))
    }

    /// PostgreSQL writes a `numeric` as JSON writes a number.
    private static func amount(_ row: PostgresRow, _ column: String) throws(PostgresError) -> JSONNumber? {
        try row.text(column).map(JSONNumber.init(checked:))
    }
}
