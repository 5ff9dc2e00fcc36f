@testable import Shared

/// Budgets over a ledger of their own.
struct BudgetFixture: Sendable {
    let ledger: LedgerFixture

    var pool: PostgresPool { ledger.pool }
    var store: BudgetStore { BudgetStore(pool) }
    var admin: BudgetAdmin { BudgetAdmin(pool) {} }

    static let author = CatalogAdmin.Author("tester", reason: "because")

    init() async throws { ledger = try await LedgerFixture() }

    @discardableResult
    func set(_ id: String, _ fields: JSONObject, _ style: BudgetAdmin.Style = .set) async throws -> BudgetState {
        try await admin.put(id, fields, style, by: Self.author)
    }

    /// An attempt that began now, or so long ago, and cost `tokens` in prices of a dollar for each.
    static func row(
        _ id: String, tokens: Int, tenant: String = "t", user: String? = nil, currency: String = "USD", ago: Int64 = 0,
        isFinal: Bool = true
    ) -> UsageRow {
        var row = LedgerFixture.row(
            id, isFinal: isFinal, at: SystemWallClock().now - ago, input: tokens, output: 0)
        row.record.tenant = tenant
        row.record.user = user
        row.record.prices = Prices(input: 1_000_000, output: 1_000_000, currency: currency)
        return row
    }

    func spent(_ id: String) async throws -> String? { try await store.get(id)?.spent.literal }

    /// The same by one scan of the rows, for the period that the budget is in.
    func counted(_ id: String) async throws -> String? {
        try await pool.query(
            """
            SELECT trim_scale(coalesce(sum(CASE b.unit WHEN 'tokens' THEN a.tokens_in::numeric + a.tokens_out ELSE a.cost END), 0)) AS n
            FROM budgets b LEFT JOIN usage_attempts a ON a.tenant = b.tenant AND (b.kind = 'tenant' OR a.user_id = b.subject)
                AND (b.unit = 'tokens' OR b.unit = a.currency)
                AND a.started_at >= budget_begin(b.period, b.shift, now())
                AND a.started_at < coalesce(budget_end(b.period, b.shift, now()), 'infinity')
            WHERE b.id = $1
            """, [.text(id)]
        ).first?.text("n")
    }
}
