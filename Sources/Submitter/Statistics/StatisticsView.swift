/// One address of the status API: which sums it reads, and what it tells of them.
enum StatisticsView: String, Sendable, CaseIterable {
    case usage, performance, cost, errors

    /// Dimensions by which every question is grouped: currencies are never added.
    var own: [StatisticsDimension] { self == .usage || self == .cost ? [.currency] : [] }

    /// Sums over all groups are told beside them, where they cost nothing more.
    var hasTotals: Bool { self != .performance }

    var hasPercentiles: Bool { self == .performance }

    /// Dimensions that are asked for where a caller names none.
    var standard: [StatisticsDimension] { self == .errors ? [.errorKind] : [] }

    /// Columns of the sums that `figures` read.
    var columns: [String] {
        switch self {
        case .usage:
            [
                "attempts", "requests", "streamed_attempts", "estimated_attempts", "latency_ms_sum", "ttft_ms_sum",
                "ttft_count", "cost", "status",
            ] + StatisticsFigure.tokens
        case .performance:
            [
                "attempts", "requests", "tokens_out", "latency_ms_sum", "ttft_ms_sum", "ttft_count", "queue_ms_sum",
                "histogram", "status",
            ]
        case .cost: ["attempts", "cost", "status"] + StatisticsFigure.tokens
        case .errors: ["attempts", "status"]
        }
    }

    /// Groups that are told.
    var condition: String { self == .errors ? "errors > 0" : "attempts > 0" }

    /// The order of groups of the same time.
    var order: String {
        switch self {
        case .usage, .performance: "attempts DESC"
        case .cost: "currency_key, cost DESC"
        case .errors: "errors DESC"
        }
    }

    /// All that are told, in their order.
    var figures: [StatisticsFigure] {
        let percentiles = StatisticsMetric.percentiles.map {
            StatisticsFigure(name: $0, isWhole: true, source: .groups, sql: "")
        }
        return figures(partition: "").filter { !$0.isHidden } + (hasPercentiles ? percentiles : [])
    }

    /// Those that SQL makes, in the order in which they are told.
    ///
    /// `partition`: the columns that name a group, whatever its error.
    func figures(partition: String) -> [StatisticsFigure] {
        switch self {
        case .usage: StatisticsFigure.usage
        case .performance: StatisticsFigure.performance
        case .cost: StatisticsFigure.cost
        case .errors: StatisticsFigure.errors(partition: partition)
        }
    }
}

/// A figure of a group, and the SQL that makes it.
struct StatisticsFigure: Sendable, Equatable {
    enum Source: Sendable {
        /// Rows of the tables of sums.
        case rows
        /// Other figures of all groups.
        case groups
    }

    let name: String
    /// A whole number fits 64 bits, any other is exact as text.
    let isWhole: Bool
    let source: Source
    let sql: String
    /// Figures that others are made of.
    var isHidden = false

    static let tokens = [
        "tokens_in", "tokens_cached", "tokens_cache_write", "tokens_cache_write_1h", "tokens_out", "tokens_reasoning",
    ]

    fileprivate static let usage: [StatisticsFigure] =
        [
            sum("attempts"), sum("requests"), whole("retries", "sum(attempts) - sum(requests)"),
            sum("attempts", as: "done", where: "status = 'done'"), sum("attempts", as: "errors", where: failed),
            sum("attempts", as: "cancelled", where: "status = 'cancelled'"),
            sum("streamed_attempts", as: "streamed"), sum("estimated_attempts", as: "estimated"),
        ] + tokens.map { sum($0) } + [
            decimal("cost", "trim_scale(sum(cost))"), average("avg_ms", "latency_ms_sum", "attempts"),
            average("first_token_ms", "ttft_ms_sum", "ttft_count"),
        ]

    /// The prompt is told whole, and apart what came from or went to caches, since each has its price.
    fileprivate static let cost: [StatisticsFigure] =
        [
            sum("attempts"), sum("tokens_in"),
            whole("tokens_uncached", "GREATEST(sum(tokens_in) - sum(tokens_cached) - sum(tokens_cache_write), 0)"),
        ] + tokens.dropFirst().map { sum($0) } + [
            decimal("cost", "trim_scale(sum(cost))"), spent(by: failed, as: "waste"),
            spent(by: "status = 'cancelled'", as: "cancelled_cost"),
            sum("attempts", as: "failed_attempts", where: failed),
        ]

    fileprivate static let performance: [StatisticsFigure] =
        [
            sum("attempts"), sum("attempts", as: "done", where: "status = 'done'"), sum("tokens_out"),
            ratio("attempts_per_second", "attempts", "seconds"), ratio("tokens_per_second", "tokens_out", "seconds"),
            decimal(
                "answer_tokens_per_second",
                "trim_scale(round(sum(tokens_out) * 1000 / NULLIF(sum(latency_ms_sum), 0), 3))"),
        ] + StatisticsMetric.allCases.map { average("\($0)_avg_ms", $0.sum, $0.count) }

    fileprivate static func errors(partition: String) -> [StatisticsFigure] {
        [
            sum("attempts", as: "errors", where: "is_error"),
            sum("attempts", as: "lost", where: "is_error AND status = 'lost'"),
            StatisticsFigure(name: "own", isWhole: true, source: .rows, sql: "sum(attempts)", isHidden: true),
            StatisticsFigure(
                name: "attempts", isWhole: true, source: .groups, sql: bounded("sum(own) OVER (\(partition))")),
            ratio("error_rate", "errors", "NULLIF(sum(own) OVER (\(partition)), 0)"),
        ]
    }

    // MARK: - SQL

    private static let failed = "status IN ('error', 'lost')"

    private static func sum(
        _ column: String, as name: String? = nil, where condition: String? = nil
    ) -> StatisticsFigure {
        let filter = condition.map { " FILTER (WHERE \($0))" } ?? ""
        return whole(name ?? column, "coalesce(sum(\(column))\(filter), 0)")
    }

    private static func whole(_ name: String, _ sql: String) -> StatisticsFigure {
        StatisticsFigure(name: name, isWhole: true, source: .rows, sql: bounded(sql))
    }

    /// Rows may be near the bound of `bigint`, and a report must not fail for that.
    private static func bounded(_ sql: String) -> String { "LEAST(\(sql), 9223372036854775807)::bigint" }

    private static func decimal(_ name: String, _ sql: String) -> StatisticsFigure {
        StatisticsFigure(name: name, isWhole: false, source: .rows, sql: sql)
    }

    private static func spent(by condition: String, as name: String) -> StatisticsFigure {
        decimal(name, "trim_scale(coalesce(sum(cost) FILTER (WHERE \(condition)), 0))")
    }

    private static func average(_ name: String, _ sum: String, _ count: String) -> StatisticsFigure {
        whole(name, "round(sum(\(sum)) / NULLIF(sum(\(count)), 0))")
    }

    private static func ratio(_ name: String, _ one: String, _ other: String) -> StatisticsFigure {
        StatisticsFigure(
            name: name, isWhole: false, source: .groups, sql: "trim_scale(round(\(one)::numeric / \(other), 6))")
    }
}

/// The times whose distribution the sums keep, with their numbers in histograms.
enum StatisticsMetric: Int, CaseIterable, Sendable {
    case latency, ttft, queue

    /// Columns of the tables of sums.
    var sum: String { "\(self)_ms_sum" }

    /// Waits are those of first attempts.
    var count: String {
        switch self {
        case .latency: "attempts"
        case .ttft: "ttft_count"
        case .queue: "requests"
        }
    }

    /// Percentiles that are told.
    static let shares = [50, 95, 99]

    static let percentiles = allCases.flatMap { metric in shares.map { "\(metric)_p\($0)_ms" } }
}
