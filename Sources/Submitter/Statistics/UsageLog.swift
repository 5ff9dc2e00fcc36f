import Shared

/// The attempts of the ledger one by one, newest first.
struct UsageLog: Sendable {
    struct Page: Sendable {
        var rows: [LoggedAttempt] = []
        /// The last row, where there are more.
        var next: UsageLogCursor?
    }

    private let pool: PostgresPool
    private let clock: any WallClock

    init(_ pool: PostgresPool, clock: any WallClock = SystemWallClock()) {
        (self.pool, self.clock) = (pool, clock)
    }

    /// 1. Without a filter, `usage_attempts_started` reads the newest rows.
    /// 2. With one, the sums tell since when there are enough (`UsageLogDays`).
    /// 3. Where these days have many more than a page, they are read from their end. Else nearly all are wanted, and
    ///    `usage_attempts_filters` finds them: ranges of pages that hold none are not read.
    func page(_ query: UsageLogQuery) async throws(PostgresError) -> Page {
        let since = query.since ?? 0
        let after = query.after.map { $0.startedAt / 1000 + 1 } ?? Bounds.moments.upperBound
        let until = min(after, query.until ?? Bounds.moments.upperBound)
        guard since < until else { return Page() }
        guard query.requestID == nil, query.lane == nil, !query.filters.isEmpty else {
            return try await rows(query, since: since, until: until, isSparse: false)
        }
        // The clock of a worker may be ahead of ours.
        let newest = min(until - 1, clock.now.addingClamped(StatisticsWindow.day))
        guard let span = try await UsageLogDays(pool: pool).span(of: query, until: newest) else { return Page() }
        return try await rows(
            query, since: max(since, span.since), until: until, isSparse: span.attempts <= Int64(query.limit) * 2)
    }

    /// The attempts of one request, first one first: at most a thousand.
    ///
    /// The primary key of each month serves it.
    func attempts(of request: String, tenant: String) async throws(PostgresError) -> [LoggedAttempt] {
        let rows = try await pool.query(
            """
            SELECT \(LoggedAttempt.columns) FROM usage_attempts
            WHERE request_id = $1 AND tenant = $2 ORDER BY attempt, started_at LIMIT 1000
            """, [.text(request), .text(tenant)])
        return try LoggedAttempt.list(rows)
    }

    private func rows(
        _ query: UsageLogQuery, since: Int64, until: Int64, isSparse: Bool
    ) async throws(PostgresError) -> Page {
        let statement = Self.statement(query, since: since, until: until, isSparse: isSparse)
        var rows = try LoggedAttempt.list(try await pool.query(statement.sql, statement.parameters))
        guard rows.count > query.limit else { return Page(rows: rows) }
        rows.removeLast(rows.count - query.limit)
        return Page(rows: rows, next: rows.last?.cursor)
    }

    /// One row more than the page has, to know whether there is another page.
    static func statement(
        _ query: UsageLogQuery, since: Int64, until: Int64, isSparse: Bool
    ) -> (sql: String, parameters: [PostgresParameter]) {
        var parameters: [PostgresParameter] = [.time(since), .time(until)]
        var conditions = "started_at >= $1::timestamptz AND started_at < $2::timestamptz"
        func add(_ condition: String, _ value: PostgresParameter) {
            parameters.append(value)
            conditions += " AND \(condition)$\(parameters.count)"
        }
        for (dimension, value) in query.filters.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            if value.isEmpty, dimension == .user || dimension == .errorKind {
                conditions += " AND (\(dimension.column) IS NULL OR \(dimension.column) = '')"
            } else {
                add("\(dimension.column) = ", .text(value))
            }
        }
        if let request = query.requestID { add("request_id = ", .text(request)) }
        if let lane = query.lane { add("lane = ", .text(lane.rawValue)) }
        if let after = query.after {
            parameters += [.int(after.startedAt), .text(after.requestID), .int(after.attempt)]
            let first = parameters.count - 2
            conditions += """
                 AND (started_at, request_id, attempt)
                < (timestamptz 'epoch' + $\(first)::bigint * interval '1 microsecond', $\(first + 1), $\(first + 2)::integer)
                """
        }
        let limit = "LIMIT \(query.limit + 1)"
        let order = "ORDER BY started_at DESC, request_id DESC, attempt DESC \(limit)"
        let rows = "SELECT \(LoggedAttempt.columns) FROM usage_attempts WHERE \(conditions)"
        // Behind an OFFSET the order is not seen, so that rows are found by what they say and sorted then.
        return (isSparse ? "SELECT * FROM (\(rows) OFFSET 0) AS found \(order)" : "\(rows) \(order)", parameters)
    }
}
