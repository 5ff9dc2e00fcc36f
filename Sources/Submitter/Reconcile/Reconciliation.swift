import Shared

/// A bill compared with the ledger, as a table, as JSON and as CSV (pure).
struct Reconciliation: Sendable {
    /// Raw values are wire names, worst first.
    enum Status: String, CaseIterable, Sendable {
        /// Both have it, with amounts that are further apart than the tolerance.
        case differs
        case onlyBill = "only_bill"
        case onlyLedger = "only_ledger"
        /// Rows by request whose id is missing, which cannot be told to agree or not.
        case billWithoutID = "bill_without_id"
        case ledgerWithoutID = "ledger_without_id"
        case matched
    }

    /// One day, one request, or all of one status.
    struct Row: Sendable, Equatable {
        let status: Status
        let label: String?
        let currency: String?
        /// Decimal numbers by column, `nil` where a side does not have it.
        let figures: [String: String]

        init(status: Status, label: String?, currency: String?, figures: [String: String]) {
            (self.status, self.label, self.currency, self.figures) = (status, label, currency, figures)
        }

        init(_ row: PostgresRow) throws {
            guard let status = Status(rawValue: try row.required("status")) else {
                throw PostgresError(.decoding, "status: unknown")
            }
            var figures: [String: String] = [:]
            for column in Reconciliation.counts + Reconciliation.amounts { figures[column] = try row.text(column) }
            self.init(status: status, label: try row.text("label"), currency: try row.text("currency"), figures: figures)
        }
    }

    /// Rows of its status, lines of the bill, attempts of the ledger, those of them that were counted here.
    static let counts = ["rows", "bill_lines", "attempts", "estimated"]
    static let amounts = [
        "bill_in", "ledger_in", "bill_out", "ledger_out", "bill_tokens", "ledger_tokens", "bill_cost", "ledger_cost",
    ]

    let question: BillQuestion
    /// Days in the platform's zone, as `2026-11-01`; the second is not in it any more.
    let since: String
    let until: String
    /// One for each status that there is.
    let sums: [Row]
    let rows: [Row]
    /// Rows that there are to tell, `rows` among them.
    let count: Int

    /// True where all of both sides was brought together, and no amounts are apart.
    var agrees: Bool { sums.allSatisfy { $0.status == .matched } }

    // MARK: - Shapes

    /// `day` or `id`.
    private var name: String { question.key == .day ? "day" : "id" }

    /// The sums of each status, and below them the rows.
    func table(width: Int?) -> String {
        let above = ["status"] + Self.counts + Self.amounts
        let below = ["status", name, "currency"] + Self.counts.dropFirst() + Self.amounts
        let details = rows.isEmpty ? "" : "\n" + AdminTable(columns: below, rows: rows.map(shown)).text(width: width)
        return AdminTable(columns: above, rows: sums.map(shown)).text(width: width) + details
    }

    private func shown(_ row: Row) -> JSON {
        var shown: JSONObject = [
            "status": .string(row.status.rawValue), name: row.label.map { .string($0) } ?? .null,
            "currency": row.currency.map { .string($0) } ?? .null,
        ]
        for (column, figure) in row.figures { shown.set(column, .string(figure)) }
        return .object(shown)
    }

    /// `columns` says where each field of the bill was found.
    func json(columns: [BillField: String], undated: Int) -> JSON {
        var found = JSONObject()
        for field in BillField.allCases {
            if let column = columns[field] { found.set(field.rawValue, .string(column)) }
        }
        return [
            "by": .string(question.key.rawValue), "provider": .string(question.provider.rawValue),
            "zone": .string(question.zone.name), "since": .string(since), "until": .string(until),
            "agrees": .bool(agrees), "columns": .object(found), "undated_lines": .int(undated),
            "sums": .array(sums.map { json($0, isSum: true) }), "rows": .array(rows.map { json($0, isSum: false) }),
            "more_rows": .int(max(0, count - rows.count)),
        ]
    }

    private func json(_ row: Row, isSum: Bool) -> JSON {
        var object: JSONObject = ["status": .string(row.status.rawValue)]
        if !isSum {
            object.set(name, row.label.map { .string($0) } ?? .null)
            object.set("currency", row.currency.map { .string($0) } ?? .null)
        }
        for column in isSum ? Self.counts : Array(Self.counts.dropFirst()) {
            object.set(column, row.figures[column].flatMap { Int64($0) }.map { .number(JSONNumber($0)) } ?? .null)
        }
        for column in Self.amounts {
            object.set(
                column, row.figures[column].flatMap { Double($0) }.flatMap(JSONNumber.init).map(JSON.number) ?? .null)
        }
        return .object(object)
    }

    /// The rows alone, whose columns can be summed.
    var csv: String {
        let columns = Array(Self.counts.dropFirst()) + Self.amounts
        return CSV.line(["status", name, "currency"] + columns)
            + rows.map { row in
                CSV.joined(
                    [CSV.text(row.status.rawValue), CSV.text(row.label ?? ""), CSV.text(row.currency ?? "")]
                        + columns.map { row.figures[$0] ?? "" })
            }.joined()
    }

    /// The window, where the bill's fields were found, and what is not shown.
    func note(columns: [BillField: String], undated: (count: Int, first: Int)) -> String {
        let found = BillField.allCases.compactMap { field in
            columns[field].map { "\(field.rawValue)=\(TerminalText.plain($0))" }
        }
        var note = "days from \(since) until \(until) in \(question.zone.name); read: \(found.joined(separator: ", "))\n"
        if undated.count > 0 {
            note += "\(Words.count(undated.count, "line")) without a date left out, the first is line \(undated.first)\n"
        }
        if count > rows.count { note += "\(count - rows.count) more rows: --limit\n" }
        return note
    }
}
