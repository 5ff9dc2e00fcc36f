import Shared

/// An answer as JSON and as CSV (pure).
struct StatisticsReport {
    let query: StatisticsQuery
    let answer: StatisticsQuery.Answer
    /// `nil` after the last page.
    var next: String?

    var json: JSON {
        [
            "object": .string(query.view.rawValue), "from": .string(Self.time(query.window.since)),
            "until": .string(Self.time(query.window.until)), "tz": .string(query.zone.name),
            "group_by": .array(query.groups.map { .string($0.rawValue) }),
            "filters": .object(filters), "groups": .int(answer.groups),
            "data": .array(answer.rows.map { row($0, query.names) }),
            "totals": query.view.hasTotals ? .array(answer.totals.map { row($0, query.view.own) }) : .null,
            "next_cursor": next.map { .string($0) } ?? .null,
        ]
    }

    private var filters: JSONObject {
        var object: JSONObject = [:]
        for dimension in StatisticsDimension.filters {
            if let value = query.filters[dimension] { object.set(dimension.rawValue, .string(value)) }
        }
        return object
    }

    /// Without totals, so that a column can be summed.
    var csv: String {
        let heading = CSV.line(query.names.map(\.rawValue) + query.figures.map(\.name))
        return heading
            + answer.rows.map { row in
                CSV.joined(query.names.map { CSV.text(row.names[$0] ?? "") } + row.figures.map { $0 ?? "" })
            }.joined()
    }

    /// The window, as `FROM..UNTIL`.
    var period: String { "\(Self.time(query.window.since))..\(Self.time(query.window.until))" }

    private func row(_ row: StatisticsQuery.Row, _ names: [StatisticsDimension]) -> JSON {
        var object: JSONObject = [:]
        for name in names {
            let text = row.names[name] ?? ""
            object.set(name.rawValue, text.isEmpty ? .null : .string(text))
        }
        for (figure, text) in zip(query.figures, row.figures) { object.set(figure.name, Self.number(text, figure)) }
        return .object(object)
    }

    private static func number(_ text: String?, _ figure: StatisticsFigure) -> JSON {
        guard let text else { return .null }
        if figure.isWhole { return Int64(text).map { .number(JSONNumber($0)) } ?? .null }
        return Double(text).flatMap(JSONNumber.init).map(JSON.number) ?? .null
    }

    private static func time(_ milliseconds: Int64) -> String {
        UTCTime(millisecondsSince1970: milliseconds).dateAndTime
    }
}
