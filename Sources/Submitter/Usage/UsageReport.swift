import Shared

/// The ledger's sums as a table, as JSON and as CSV (pure).
struct UsageReport {
    let by: UsageDimension
    let query: StatisticsQuery
    let answer: StatisticsQuery.Answer

    /// Figures of the status API's `usage`, and the currency.
    static let columns = [
        "attempts", "done", "errors", "cancelled", "tokens_in", "tokens_out", "tokens_cached", "cost", "currency",
        "avg_ms", "first_token_ms",
    ]

    private var name: String { by.rawValue }

    var json: JSON {
        [
            "by": .string(name), "since": .string(Self.time(query.window.since)),
            "until": .string(Self.time(query.window.until)), "groups": .int(answer.groups),
            "rows": .array(answer.rows.map { row($0, costAsText: false) }),
            "totals": .array(answer.totals.map { row($0, costAsText: false) }),
        ]
    }

    /// The totals stand below, one per currency.
    func table(width: Int?) -> String {
        let rows = (answer.rows + answer.totals).map { row($0, costAsText: true) }
        return AdminTable(columns: [name] + Self.columns, rows: rows).text(width: width)
    }

    var csv: String {
        CSV.line([name] + Self.columns)
            + answer.rows.map { row in
                let cells = Self.columns.map { $0 == "currency" ? CSV.text(currency(of: row)) : text($0, row) ?? "" }
                return CSV.joined([CSV.text(row.names[by.dimension] ?? "")] + cells)
            }.joined()
    }

    /// The window, and the groups that are not shown.
    var note: String {
        let (since, until) = (Self.hour(query.window.since), Self.hour(query.window.until))
        let more = answer.groups - answer.rows.count
        return "from \(since) until \(until)\n" + (more > 0 ? "\(more) more rows: --limit\n" : "")
    }

    private func row(_ row: StatisticsQuery.Row, costAsText: Bool) -> JSON {
        let group = row.names[by.dimension]
        var object: JSONObject = [name: group == "" ? .null : .string(group ?? "total")]
        for column in Self.columns {
            let value = text(column, row)
            switch column {
            case "currency": object.set(column, .string(currency(of: row)))
            case "cost" where costAsText: object.set(column, .string(value ?? "0"))
            case "cost":
                object.set(column, value.flatMap { Double($0) }.flatMap(JSONNumber.init).map(JSON.number) ?? .null)
            default: object.set(column, value.flatMap { Int64($0) }.map { .number(JSONNumber($0)) } ?? .null)
            }
        }
        return .object(object)
    }

    private func currency(of row: StatisticsQuery.Row) -> String { row.names[.currency] ?? "" }

    private func text(_ column: String, _ row: StatisticsQuery.Row) -> String? {
        query.figures.firstIndex { $0.name == column }.flatMap { row.figures[$0] }
    }

    /// Without seconds, which a window of whole hours has not.
    private static func hour(_ milliseconds: Int64) -> String { time(milliseconds).dropLast(4) + "Z" }

    private static func time(_ milliseconds: Int64) -> String {
        UTCTime(millisecondsSince1970: milliseconds).dateAndTime
    }
}
