import Shared

/// The ways to group the ledger's sums.
enum UsageDimension: String, CaseIterable, Sendable {
    case model, user, account, platform, tenant, hour, day

    /// Over a row of `usage_hourly`, as text that is never null.
    fileprivate var expression: String {
        switch self {
        case .model, .account, .tenant: rawValue
        case .user: "user_id"
        case .platform: "provider"
        case .hour: #"to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')"#
        case .day: "to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
        }
    }

    /// Times in their order, everything else with the busiest first.
    fileprivate var order: String {
        switch self {
        case .hour, .day: "name, currency"
        default: "attempts DESC, name, currency"
        }
    }
}

/// A window of whole hours, in milliseconds since 1970, which begins and ends no later and no earlier than asked for.
struct UsageWindow: Sendable, Equatable {
    private static let hour: Int64 = 3_600_000

    let since: Int64
    /// Not in it any more.
    let until: Int64

    init(since: Int64, until: Int64) {
        let (first, last) = (since.clamped(to: Bounds.moments), until.clamped(to: Bounds.moments))
        self.since = first / Self.hour * Self.hour
        self.until = (last + Self.hour - 1) / Self.hour * Self.hour
    }
}

/// The sums of one group and currency, or of all groups of a currency.
struct UsageSum: Sendable, Equatable {
    /// `nil` for the total of a currency.
    var name: String?
    var currency: String
    var attempts: Int64 = 0
    var done: Int64 = 0
    var errors: Int64 = 0
    var cancelled: Int64 = 0
    var tokensIn: Int64 = 0
    var tokensOut: Int64 = 0
    var tokensCached: Int64 = 0
    /// Exact, in decimal digits as PostgreSQL writes them.
    var cost = "0"
    var latency: Int64?
    var firstToken: Int64?
}

/// Asks `usage_hourly` for sums.
struct UsageQuery: Sendable {
    let by: UsageDimension
    let window: UsageWindow
    var tenant: String?
    var model: String?
    var limit = 1000

    struct Sums: Sendable {
        /// In the order in which they are shown.
        var rows: [UsageSum] = []
        /// By currency.
        var totals: [UsageSum] = []
        /// Groups that there are, `rows` being the first of them.
        var count = 0
    }

    /// The window is a range of the primary key `usage_hourly_pkey`, which begins with the hour.
    ///
    /// Sums are bounded to `bigint`: rows may be near it, and a report must not fail for that. Rows whose attempts were
    /// all booked anew under another status are left out.
    var statement: String {
        """
        WITH sums AS (
            SELECT name, currency, grouping(name) AS is_total, \(Self.sums)
            FROM (
                SELECT \(by.expression) AS name, * FROM usage_hourly
                WHERE hour >= $1::timestamptz AND hour < $2::timestamptz
                    AND ($3::text IS NULL OR tenant = $3) AND ($4::text IS NULL OR model = $4)) h
            GROUP BY GROUPING SETS ((name, currency), (currency)) HAVING sum(attempts) > 0),
        placed AS (
            SELECT *, row_number() OVER (PARTITION BY is_total ORDER BY \(by.order)) AS place,
                count(*) OVER (PARTITION BY is_total) AS groups
            FROM sums)
        SELECT * FROM placed WHERE is_total = 1 OR place <= $5::integer ORDER BY is_total, place
        """
    }

    private static let sums = [
        bounded("attempts", "attempts"), bounded("attempts", "done", "status = 'done'"),
        bounded("attempts", "errors", "status IN ('error', 'lost')"),
        bounded("attempts", "cancelled", "status = 'cancelled'"), bounded("tokens_in", "tokens_in"),
        bounded("tokens_out", "tokens_out"), bounded("tokens_cached", "tokens_cached"),
        "trim_scale(sum(cost))::text AS cost",
        "round(sum(latency_ms_sum) / NULLIF(sum(attempts), 0))::bigint AS latency",
        "round(sum(ttft_ms_sum) / NULLIF(sum(ttft_count), 0))::bigint AS first_token",
    ].joined(separator: ", ")

    private static func bounded(_ column: String, _ name: String, _ condition: String? = nil) -> String {
        let filter = condition.map { " FILTER (WHERE \($0))" } ?? ""
        return "LEAST(coalesce(sum(\(column))\(filter), 0), 9223372036854775807)::bigint AS \(name)"
    }

    func sums(_ pool: PostgresPool) async throws(PostgresError) -> Sums {
        let rows = try await pool.query(
            statement, [.time(window.since), .time(window.until), .text(tenant), .text(model), .int(limit)])
        var sums = Sums()
        for row in rows.rows {
            let sum = try UsageSum(row)
            if sum.name == nil {
                sums.totals.append(sum)
            } else {
                sums.rows.append(sum)
                sums.count = try row.required("groups")
            }
        }
        sums.totals.sort { $0.currency < $1.currency }
        return sums
    }
}

extension UsageSum {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        let isTotal: Int = try row.required("is_total")
        name = isTotal == 1 ? nil : try row.required("name")
        currency = try row.required("currency")
        attempts = try row.required("attempts")
        done = try row.required("done")
        errors = try row.required("errors")
        cancelled = try row.required("cancelled")
        tokensIn = try row.required("tokens_in")
        tokensOut = try row.required("tokens_out")
        tokensCached = try row.required("tokens_cached")
        cost = try row.required("cost")
        latency = try row.value("latency")
        firstToken = try row.value("first_token")
    }
}
