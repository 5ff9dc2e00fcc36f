import Shared

/// The ledger's sums as a table, as JSON and as CSV (pure).
struct UsageReport {
    let query: UsageQuery
    let sums: UsageQuery.Sums

    static let columns = [
        "attempts", "done", "errors", "cancelled", "tokens_in", "tokens_out", "tokens_cached", "cost", "currency",
        "avg_ms", "first_token_ms",
    ]

    private var name: String { query.by.rawValue }

    var json: JSON {
        [
            "by": .string(name), "since": .string(Self.time(query.window.since)),
            "until": .string(Self.time(query.window.until)), "groups": .int(sums.count),
            "rows": .array(sums.rows.map { row($0, costAsText: false) }),
            "totals": .array(sums.totals.map { row($0, costAsText: false) }),
        ]
    }

    /// The totals stand below, one per currency.
    func table(width: Int?) -> String {
        let rows = (sums.rows + sums.totals).map { row($0, costAsText: true) }
        return AdminTable(columns: [name] + Self.columns, rows: rows).text(width: width)
    }

    var csv: String {
        CSV.line([name] + Self.columns)
            + sums.rows.map { sum in
                let row = row(sum, costAsText: true)
                let values = Self.columns.map { $0 == "currency" ? CSV.text(sum.currency) : AdminTable.cell(row[$0]) }
                return CSV.joined([CSV.text(sum.name ?? "")] + values.map { $0 == "-" ? "" : $0 })
            }.joined()
    }

    /// The window, and the groups that are not shown.
    var note: String {
        let (since, until) = (Self.hour(query.window.since), Self.hour(query.window.until))
        let more = sums.count - sums.rows.count
        return "from \(since) until \(until)\n" + (more > 0 ? "\(more) more rows: --limit\n" : "")
    }

    private func row(_ sum: UsageSum, costAsText: Bool) -> JSON {
        let cost =
            costAsText ? JSON.string(sum.cost) : Double(sum.cost).flatMap(JSONNumber.init).map(JSON.number) ?? .null
        return [
            name: sum.name == "" ? .null : .string(sum.name ?? "total"), "attempts": Self.number(sum.attempts),
            "done": Self.number(sum.done), "errors": Self.number(sum.errors), "cancelled": Self.number(sum.cancelled),
            "tokens_in": Self.number(sum.tokensIn), "tokens_out": Self.number(sum.tokensOut),
            "tokens_cached": Self.number(sum.tokensCached), "cost": cost, "currency": .string(sum.currency),
            "avg_ms": sum.latency.map(Self.number) ?? .null, "first_token_ms": sum.firstToken.map(Self.number) ?? .null,
        ]
    }

    private static func number(_ number: Int64) -> JSON { .number(JSONNumber(number)) }

    /// Without seconds, which a window of whole hours has not.
    private static func hour(_ milliseconds: Int64) -> String { time(milliseconds).dropLast(4) + "Z" }

    private static func time(_ milliseconds: Int64) -> String {
        UTCTime(millisecondsSince1970: milliseconds).dateAndTime
    }
}
