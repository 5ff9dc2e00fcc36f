/// The reason why a budget was not changed.
package enum BudgetError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalid(BudgetDraft.Mistake)
    case notFound(String)
    /// The id is taken.
    case conflict(String)
    /// Nothing is known to have been changed.
    case database(PostgresError)

    package var description: String {
        switch self {
        case .invalid(let mistake): "\(mistake)"
        case .notFound(let id): "there is no budget \(id)"
        case .conflict(let id): "there is a budget \(id) already"
        case .database(let error): "\(error)"
        }
    }
}

/// Changes budgets for people: checked, audited, told to all processes.
///
/// In: JSON by the names of `BudgetDraft`. Out: the budget as it is now. Each change is one transaction with its row of
/// `audit_log`, and `changed` is called after its commit. With each change what is spent is counted anew from the
/// ledger's sums, while no row is booked.
package struct BudgetAdmin: Sendable {
    /// The fate of members that are not given, and of a budget that is not there.
    package enum Style: Sendable {
        /// It must not be there.
        case create
        /// It may be there, and members that are not given get their defaults.
        case replace
        /// It must be there, and members that are not given stay. Null takes one back to its default.
        case patch
        /// As `patch`, and as `create` where it is not there.
        case set
    }

    private let pool: PostgresPool
    private let changed: @Sendable () async -> Void

    package init(_ pool: PostgresPool, changed: @escaping @Sendable () async -> Void) {
        self.pool = pool
        self.changed = changed
    }

    package func put(
        _ id: String, _ given: JSONObject, _ style: Style, by author: CatalogAdmin.Author
    ) async throws(BudgetError) -> BudgetState {
        if let other = given["id"], other != .string(id) {
            throw .invalid(.init(field: "id", expected: "the id of the path, which cannot be changed"))
        }
        return try await change { connection throws(PostgresError) in
            let before = try Self.find(id, connection)
            if before != nil, style == .create { return .failure(.conflict(id)) }
            if before == nil, style == .patch { return .failure(.notFound(id)) }
            let budget: Budget
            do throws(BudgetDraft.Mistake) {
                budget = try BudgetDraft(Self.merged(given, id, style, before?.budget)).budget
            } catch { return .failure(.invalid(error)) }
            try Self.write(budget, connection)
            guard let after = try Self.find(id, connection) else { return .failure(.notFound(id)) }
            try author.log(
                before == nil ? "create" : "update", kind: .budget, id, before.map { .object($0.budget.given) },
                .object(after.budget.given), connection)
            return .success(after)
        }
    }

    /// Forgets what was spent of it, too.
    package func remove(_ id: String, by author: CatalogAdmin.Author) async throws(BudgetError) {
        _ = try await change { connection throws(PostgresError) in
            guard let before = try Self.find(id, connection) else { return .failure(.notFound(id)) }
            try connection.query("DELETE FROM budgets WHERE id = $1", [.text(id)])
            try connection.query("DELETE FROM budget_spending WHERE budget = $1", [.text(id)])
            try author.log("delete", kind: .budget, id, .object(before.budget.given), nil, connection)
            return .success(before)
        }
    }

    // MARK: - Steps

    /// The members of the budget as it is to be.
    ///
    /// A view may come back as it went out, so what nobody sets is left aside. A day to begin on belongs to its period.
    private static func merged(_ given: JSONObject, _ id: String, _ style: Style, _ before: Budget?) -> JSONObject {
        var given = given.filter { !BudgetState.readOnly.contains($0.key) }
        given.set("id", .string(id))
        guard style == .patch || style == .set, var merged = before?.given else { return given }
        if given["period"] != nil { merged.remove("reset_day") }
        for member in given.members { merged.set(member.key, member.value) }
        return merged
    }

    private static func find(_ id: String, _ connection: isolated PostgresConnection) throws(PostgresError)
        -> BudgetState?
    {
        try BudgetStore.states(try connection.query("\(BudgetStore.select) WHERE b.id = $1", [.text(id)])).first
    }

    private static func write(
        _ budget: Budget, _ connection: isolated PostgresConnection
    ) throws(PostgresError) {
        let values: [PostgresParameter] = [
            .text(budget.id), .text(budget.subject.kind.rawValue), .text(budget.subject.tenant),
            .text(budget.subject.name), .text(budget.unit), .text(budget.period.rawValue), .int(budget.resetHour),
            .int(budget.resetDay), .text(budget.soft?.literal), .text(budget.hard?.literal),
        ]
        try connection.query(
            """
            INSERT INTO budgets (id, kind, tenant, subject, unit, period, reset_hour, reset_day, soft, hard)
            VALUES ($1, $2, $3, $4, $5, $6, $7::integer, $8::integer, $9::numeric, $10::numeric)
            ON CONFLICT (id) DO UPDATE SET (kind, tenant, subject, unit, period, reset_hour, reset_day, soft, hard, updated_at)
                = (excluded.kind, excluded.tenant, excluded.subject, excluded.unit, excluded.period, excluded.reset_hour,
                    excluded.reset_day, excluded.soft, excluded.hard, now())
            """, values)
        try connection.query("DELETE FROM budget_spending WHERE budget = $1", [.text(budget.id)])
        try connection.query(count, [.text(budget.id)])
    }

    /// What was spent in the current period: whole days from the sums by day, the rest from those by hour.
    ///
    /// Attempts whose worker's clock is ahead may lie in the next period. Served by the primary keys of the sums, and
    /// for a user's days by `usage_users_daily_user`.
    private static let count = """
        INSERT INTO budget_spending (budget, begins_at, spent)
        SELECT b.id, budget_begin(b.period, b.shift, used.moment),
            LEAST(sum(CASE b.unit WHEN 'tokens' THEN used.tokens_in::numeric + used.tokens_out ELSE used.cost END), 99999999999999999999)
        FROM budgets b
        CROSS JOIN LATERAL (
            SELECT budget_begin(b.period, b.shift, now()) AS begins_at, date_trunc('day', now(), 'UTC') AS today) AS p
        CROSS JOIN LATERAL (
            SELECT date_trunc('day', p.begins_at + interval '86399 seconds', 'UTC') AS midnight) AS d
        CROSS JOIN LATERAL (
            \(used("hour", "usage_users_hourly", "hour >= p.begins_at AND hour < LEAST(d.midnight, p.today)"))
            UNION ALL
            \(used(
                "day::timestamp AT TIME ZONE 'UTC'", "usage_users_daily",
                "day >= (d.midnight AT TIME ZONE 'UTC')::date AND day < (p.today AT TIME ZONE 'UTC')::date"))
            UNION ALL
            \(used("hour", "usage_users_hourly", "hour >= GREATEST(p.begins_at, p.today)"))) AS used
        WHERE b.id = $1 GROUP BY 1, 2
        """

    private static func used(_ moment: String, _ table: String, _ span: String) -> String {
        """
        SELECT \(moment) AS moment, tokens_in, tokens_out, cost FROM \(table)
        WHERE \(span) AND tenant = b.tenant AND (b.kind = 'tenant' OR (b.kind = 'user' AND user_id = b.subject))
            AND b.unit IN ('tokens', currency)
        """
    }

    private func change(
        _ body:
            @escaping @Sendable (isolated PostgresConnection) throws(PostgresError) -> Result<BudgetState, BudgetError>
    ) async throws(BudgetError) -> BudgetState {
        let result: Result<BudgetState, BudgetError>
        do throws(PostgresError) {
            result = try await pool.transaction { connection throws(PostgresError) in
                // Nobody books meanwhile: the ledger's writers take turns by the first, and the second is for others.
                try connection.query(UsageStatements.lock, [])
                try connection.query("LOCK TABLE usage_attempts IN SHARE MODE", [])
                return try body(connection)
            }
        } catch { throw .database(error) }
        let value = try result.get()
        await changed()
        return value
    }
}
