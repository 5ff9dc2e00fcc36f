import Shared

/// A question to the sums of the ledger, and its answer.
struct StatisticsQuery: Sendable, Equatable {
    var view: StatisticsView
    var window: StatisticsWindow
    /// The caller's groups, in the order in which they are told.
    var groups: [StatisticsDimension]
    var filters: StatisticsFilters = [:]
    var zone = StatisticsZone.utc
    /// Groups of the page, and those before it.
    var limit = 100
    var offset = 0
    /// Milliseconds since 1970: hours that have begun count up to now.
    var now: Int64

    /// All dimensions that name a group.
    var names: [StatisticsDimension] { groups + view.own.filter { !groups.contains($0) } }

    /// Figures of a row, in their order.
    var figures: [StatisticsFigure] { view.figures }

    struct Row: Sendable, Equatable {
        /// One for each of `names`; of a total only those of the view itself.
        var names: [StatisticsDimension: String]
        /// One for each of `figures`, as PostgreSQL writes it.
        var figures: [String?]
    }

    struct Answer: Sendable, Equatable {
        /// In the order in which they are told.
        var rows: [Row] = []
        /// Over all groups: one for each currency, or one.
        var totals: [Row] = []
        /// Groups that there are, `rows` being some of them.
        var groups = 0
    }

    func answer(_ pool: PostgresPool) async throws(PostgresError) -> Answer {
        let statement = StatisticsStatement(self)
        var answer = Answer()
        for row in try await pool.query(statement.sql, statement.parameters).rows {
            let isTotal = try row.bool("is_total")
            let read = try self.row(row, isTotal ? view.own : names)
            if isTotal {
                answer.totals.append(read)
            } else {
                answer.rows.append(read)
                answer.groups = try row.required("groups")
            }
        }
        // Groups that are the view's own are totals themselves.
        if view.hasTotals, names.count == view.own.count { answer.totals = answer.rows }
        return answer
    }

    private func row(_ row: PostgresRow, _ names: [StatisticsDimension]) throws(PostgresError) -> Row {
        var read = Row(names: [:], figures: [])
        for name in names { read.names[name] = try row.required(StatisticsStatement.label(name)) }
        for figure in figures { read.figures.append(try row.text(figure.name)) }
        return read
    }
}
