import Shared

/// The SQL of a question (pure).
///
///     source    rows of the tables that the plan names, with what is filtered by
///     grouped   figures that are sums of them, for each group, and for all groups together
///     rated     figures that are made of these
///     placed    the groups that are told, in their order
///     page      those that are asked for
///
/// Tables are read by ranges of their primary keys, which begin with the time. Where a tenant is asked for, its rows of
/// each hour or day are looked up one by one, since they stand together.
struct StatisticsStatement {
    private(set) var sql = ""
    private(set) var parameters: [PostgresParameter] = []

    private let query: StatisticsQuery
    private var zone = ""

    init(_ query: StatisticsQuery) {
        self.query = query
        // PostgreSQL refuses a parameter that nothing uses.
        if query.names.contains(where: \.isTime) { zone = add(.text(query.zone.sql)) + "::text" }
        let source = source()
        let grouped = grouped()
        var steps = [
            "source AS (\(source))", "grouped AS (\(grouped))", "rated AS (\(rated))", "placed AS (\(placed))",
            "page AS (\(page()))",
        ]
        if query.view.hasPercentiles { steps += percentiles }
        sql = "WITH " + steps.joined(separator: ",\n") + "\n" + told
    }

    /// The column in which a group's name is told.
    static func label(_ dimension: StatisticsDimension) -> String { "\(dimension)_label" }

    /// The column by which groups are told apart.
    private static func key(_ dimension: StatisticsDimension) -> String { "\(dimension)_key" }

    private mutating func add(_ parameter: PostgresParameter) -> String {
        parameters.append(parameter)
        return "$\(parameters.count)"
    }

    // MARK: - Source

    private mutating func source() -> String {
        let dimensions = Set(query.names).union(query.filters.keys)
        let isOfHours = query.names.contains(.hour) || (query.names.contains(.day) && query.zone != .utc)
        let plan = StatisticsPlan(query.window, dimensions: dimensions, needsHours: isOfHours)
        let conditions = conditions()
        var columns = Set(dimensions.filter { !$0.isTime }.map(\.column)).union(query.view.columns).sorted()
        if query.view == .errors { columns.append("(\(conditions.error)) AS is_error") }
        var parts: [String] = []
        for part in plan.parts {
            parts.append(
                rows(of: part, columns: columns.joined(separator: ", "), conditions.rows, tenant: conditions.tenant))
        }
        return parts.joined(separator: "\nUNION ALL ")
    }

    /// Conditions that rows meet, and those that make one an error: the share of errors is that among all outcomes.
    private mutating func conditions() -> (rows: String, error: String, tenant: String?) {
        var (rows, error, tenant) = ("", "status IN ('error', 'lost')", String?.none)
        for (dimension, value) in query.filters.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let place = add(.text(value))
            let condition = " AND \(dimension.column) = \(place)"
            if query.view == .errors, dimension == .errorKind || dimension == .status {
                error += condition
            } else {
                rows += condition
            }
            if dimension == .tenant { tenant = place }
        }
        return (rows, error, tenant)
    }

    private mutating func rows(
        of part: StatisticsPlan.Part, columns: String, _ conditions: String, tenant: String?
    ) -> String {
        let isDaily = part.table.isDaily
        let (column, type, step) = isDaily ? ("day", "date", "1 day") : ("hour", "timestamptz", "1 hour")
        let (since, until) = (add(.time(part.since)), add(.time(part.until)))
        let time = isDaily ? "day::timestamp AT TIME ZONE 'UTC'" : "hour"
        let table: String
        if tenant == nil {
            table = """
                \(part.table.rawValue) WHERE \(column) >= \(since)::timestamptz::\(type)
                AND \(column) < \(until)::timestamptz::\(type)
                """
        } else {
            table = """
                generate_series(\(since)::timestamptz, \(until)::timestamptz - interval '\(step)', '\(step)') AS times (time)
                JOIN \(part.table.rawValue) ON \(column) = times.time::\(type) WHERE true
                """
        }
        return "SELECT \(time) AS at, \(columns) FROM \(table)\(conditions)"
    }

    // MARK: - Groups

    private func value(_ dimension: StatisticsDimension) -> String {
        switch dimension {
        case .hour: "at"
        case .day: "(at AT TIME ZONE \(zone))::date"
        default: dimension.column
        }
    }

    private var keys: [String] { query.names.map(Self.key) }

    private func grouped() -> String {
        let sums = query.view.figures(partition: "").filter { $0.source == .rows }.map { "\($0.sql) AS \($0.name)" }
        let named = query.names.map { "\(value($0)) AS \(Self.key($0))" } + ["*"]
        let own = query.view.own.map(Self.key)
        let hasTotals = query.view.hasTotals && query.names.count > own.count
        let first = query.names.first { !query.view.own.contains($0) }.map(Self.key)
        let isTotal = hasTotals ? "grouping(\(first ?? "")) = 1" : "false"
        let sets = [keys] + (hasTotals ? [own] : [])
        let grouping = sets.map { "(\($0.joined(separator: ", ")))" }.joined(separator: ", ")
        return """
            SELECT \((keys + sums).joined(separator: ", ")), \(isTotal) AS is_total
            FROM (SELECT \(named.joined(separator: ", ")) FROM source) AS named GROUP BY GROUPING SETS (\(grouping))
            """
    }

    private var rated: String {
        let others = query.names.filter { $0 != .errorKind && $0 != .status }.map(Self.key)
        let partition = "PARTITION BY \((["is_total"] + others).joined(separator: ", "))"
        let figures = query.view.figures(partition: partition).filter { $0.source == .groups }
        return "SELECT *\(figures.map { ", \($0.sql) AS \($0.name)" }.joined()) FROM (\(timed)) AS timed"
    }

    /// With the seconds of each group that are over.
    private var timed: String { "SELECT *, GREATEST(\(seconds), 1)::numeric AS seconds FROM grouped" }

    private var seconds: String {
        func literal(_ milliseconds: Int64) -> String { "'\(PostgresParameter.timestamp(milliseconds))'::timestamptz" }
        let (since, end) = (literal(query.window.since), literal(min(query.window.until, query.now)))
        if query.names.contains(.hour) {
            return "extract(epoch FROM LEAST(hour_key + interval '1 hour', \(end)) - hour_key)"
        }
        guard query.names.contains(.day) else { return "extract(epoch FROM \(end) - \(since))" }
        let midnights = ["day_key", "day_key + 1"].map { "(\($0))::timestamp AT TIME ZONE \(zone)" }
        return "extract(epoch FROM LEAST(\(midnights[1]), \(end)) - GREATEST(\(midnights[0]), \(since)))"
    }

    /// Times in their order, everything else as the view says.
    private var placed: String {
        let times = query.names.filter(\.isTime).map(Self.key)
        let order = (times + [query.view.order] + keys).joined(separator: ", ")
        return """
            SELECT *, row_number() OVER (PARTITION BY is_total ORDER BY \(order)) AS place,
                count(*) OVER (PARTITION BY is_total) AS groups
            FROM rated WHERE \(query.view.condition)
            """
    }

    private mutating func page() -> String {
        let (offset, limit) = (add(.int(query.offset)), add(.int(query.limit)))
        return """
            SELECT * FROM placed
            WHERE is_total OR (place > \(offset)::bigint AND place <= \(offset)::bigint + \(limit)::bigint)
            """
    }

    // MARK: - Percentiles

    /// The least bucket up to which a share of a group's attempts lies.
    private var percentiles: [String] {
        let named = query.names.map { "\(value($0)) AS \(Self.key($0))" } + ["unnest(histogram) AS number"]
        let by = (keys + ["key"]).joined(separator: ", ")
        let join = keys.isEmpty ? "" : " JOIN page USING (\(keys.joined(separator: ", ")))"
        let metric = "PARTITION BY \((keys + ["key >> 8"]).joined(separator: ", "))"
        let columns = StatisticsMetric.allCases.flatMap { metric in
            StatisticsMetric.shares.map { share in
                """
                round(usage_bucket_ms(min(bucket) FILTER (WHERE metric = \(metric.rawValue) AND upto >= \(share) * total / 100)))::bigint \
                AS \(metric)_p\(share)_ms
                """
            }
        }
        let grouping = keys.isEmpty ? "" : " GROUP BY \(keys.joined(separator: ", "))"
        return [
            """
            numbers AS (
                SELECT *, (number + 549755813888) >> 40 AS key FROM (SELECT \(named.joined(separator: ", ")) FROM source) AS n)
            """,
            """
            buckets AS (
                SELECT \(by), sum(number - (key << 40)) AS n FROM numbers\(join) GROUP BY \(by) HAVING sum(number - (key << 40)) > 0)
            """,
            """
            ranked AS (
                SELECT *, (key >> 8) AS metric, (key & 255)::integer AS bucket, sum(n) OVER (\(metric) ORDER BY key) AS upto,
                    sum(n) OVER (\(metric)) AS total
                FROM buckets)
            """,
            "percentiles AS (SELECT \((keys + columns).joined(separator: ", ")) FROM ranked\(grouping))",
        ]
    }

    // MARK: - Answer

    private var told: String {
        let labels = query.names.map { "\(label($0)) AS \(Self.label($0))" }
        let join = keys.isEmpty ? "ON true" : "USING (\(keys.joined(separator: ", ")))"
        let percentiles = query.view.hasPercentiles ? " LEFT JOIN percentiles \(join)" : ""
        return """
            SELECT \((["*"] + labels).joined(separator: ", ")) FROM page\(percentiles) ORDER BY is_total, place
            """
    }

    private func label(_ dimension: StatisticsDimension) -> String {
        let key = Self.key(dimension)
        switch dimension {
        case .day: return "to_char(\(key), 'YYYY-MM-DD')"
        case .hour: return "to_char(\(key) AT TIME ZONE \(zone), 'YYYY-MM-DD\"T\"HH24:MI') || \(offset(key))"
        default: return key
        }
    }

    /// `Z`, or the zone's offset at that time.
    private func offset(_ key: String) -> String {
        guard query.zone != .utc else { return "'Z'" }
        let offset = "(\(key) AT TIME ZONE \(zone) - \(key) AT TIME ZONE 'UTC')"
        return """
            CASE WHEN \(offset) < interval '0' THEN to_char(-\(offset), '-HH24:MI') ELSE to_char(\(offset), '+HH24:MI') END
            """
    }
}
