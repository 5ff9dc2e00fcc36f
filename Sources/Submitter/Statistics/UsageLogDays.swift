import Shared

/// Finds in the sums the days that hold a page's attempts, so that no page reads the rows of other days.
///
/// A filter may match one attempt in a million, and reading back to the hundredth such attempt would read them all. The
/// sums know how many each day has. They are asked for ever more days, newest first, until these hold a page.
struct UsageLogDays: Sendable {
    /// The days of a page, in milliseconds since 1970, and the attempts that are known to be in them.
    struct Span: Sendable, Equatable {
        let since: Int64
        let attempts: Int64
    }

    private static let first = 8
    private static let growth = 8

    let pool: PostgresPool

    /// `nil` where no attempt matches.
    ///
    /// `newest`: the time of the newest attempt that the page may have.
    func span(of query: UsageLogQuery, until newest: Int64) async throws(PostgresError) -> Span? {
        let day = StatisticsWindow.day
        let earliest = (query.since ?? Bounds.ledger.lowerBound) / day * day
        let last = newest / day * day
        // The last day may have its matches behind the page, so they are not counted on.
        let isWhole = query.after == nil && query.until == nil
        var (end, days, found) = (last + day, Self.first, Int64(0))
        var since: Int64?
        while end > earliest {
            let begin = max(earliest, end.subtractingClamped(Int64(days) * day))
            for (date, attempts) in try await matches(query.filters, since: begin, until: end) {
                since = date
                if date < last || isWhole { found = found.addingClamped(attempts) }
                if found > Int64(query.limit) { return Span(since: date, attempts: found) }
            }
            (end, days) = (begin, days * Self.growth)
        }
        return since.map { Span(since: $0, attempts: found) }
    }

    /// Days with matching attempts and their number, newest first.
    private func matches(
        _ filters: StatisticsFilters, since: Int64, until: Int64
    ) async throws(PostgresError) -> [(day: Int64, attempts: Int64)] {
        let statement = Self.statement(filters, since: since, until: until)
        var days: [(Int64, Int64)] = []
        for row in try await pool.query(statement.sql, statement.parameters).rows {
            days.append((try row.required("day_ms"), try row.required("attempts")))
        }
        return days
    }

    /// A user's days are told by `usage_users_daily_user`, those of a tenant by the primary key, day for day.
    private static func statement(
        _ filters: StatisticsFilters, since: Int64, until: Int64
    ) -> (sql: String, parameters: [PostgresParameter]) {
        var parameters: [PostgresParameter] = [.time(since), .time(until)]
        var conditions = ""
        for (dimension, value) in filters.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            parameters.append(.text(value))
            conditions += " AND \(dimension.column) = $\(parameters.count)"
        }
        let isOfUsers = filters.keys.contains(where: \.isOfUsers)
        let table = isOfUsers ? StatisticsPlan.Table.usersDaily.rawValue : StatisticsPlan.Table.routesDaily.rawValue
        let range = "day >= $1::timestamptz::date AND day < $2::timestamptz::date"
        let source =
            filters[.tenant] == nil
            ? "\(table) WHERE \(range)"
            : """
            generate_series($1::timestamptz, $2::timestamptz - interval '1 day', '1 day') AS times (time)
            JOIN \(table) ON day = times.time::date WHERE true
            """
        let sql = """
            SELECT (extract(epoch FROM day) * 1000)::bigint AS day_ms, LEAST(sum(attempts), 9223372036854775807)::bigint AS attempts
            FROM \(source)\(conditions) GROUP BY day HAVING sum(attempts) > 0 ORDER BY day DESC
            """
        return (sql, parameters)
    }
}
