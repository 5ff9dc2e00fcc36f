import Shared

/// One line of a bill, read by its columns.
struct BillRow: Sendable, Equatable {
    /// From 1.
    let line: Int
    /// `nil` where the bill has none.
    var id: String?
    var date: BillDate?
    /// Decimal numbers, see `BillTable.number`.
    var input: String?
    var output: String?
    var tokens: String?
    var cost: String?
    /// In capital letters.
    var currency: String?
}

/// A bill cannot be read: the line, what is at fault, what was expected.
struct BillMistake: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Reads a bill row by row.
///
/// In: a CSV whose header stands within its first lines. Out: rows that fulfil all conditions. Where the bill has dates,
/// a row without one, such as that of a total, is left out and counted.
struct BillRows {
    /// A condition: the text of a column.
    struct Condition: Sendable, Equatable {
        let column: String
        let text: String
    }

    /// Lines above the header, in which exports tell of the account.
    private static let mostPreamble = 20

    /// What the header says.
    private struct Plan {
        let conditions: [(column: Int, text: String)]
        /// The fields that are there, with their columns by number.
        let columns: [(field: BillField, columns: [Int], factor: String)]
        let found: [BillField: String]
    }

    private var reader: CSVReader
    private let plan: Plan
    /// Rows without a date, and the line of the first.
    private(set) var undated: (count: Int, first: Int) = (0, 0)

    /// Throws where no line of the first ones has all columns that are needed.
    init(
        _ source: @escaping () throws -> [UInt8]?, _ layout: BillLayout, conditions: [Condition],
        needs: Set<BillField>
    ) throws {
        var reader = CSVReader(source)
        var first: CSVReader.Record?
        var plan: Plan?
        for _ in 0..<Self.mostPreamble where plan == nil {
            guard let record = try reader.next() else { break }
            first = first ?? record
            plan = Self.plan(BillHeader(record.cells), layout, conditions, needs)
        }
        guard let plan else { throw BillMistake(Self.unknown(first, needs, conditions)) }
        (self.reader, self.plan) = (reader, plan)
    }

    /// Where each field was found, as a person would write it.
    var found: [BillField: String] { plan.found }

    mutating func next() throws -> BillRow? {
        while let record = try reader.next() {
            guard plan.conditions.allSatisfy({ record.text($0.column) == $0.text }) else { continue }
            let row = try read(record)
            if plan.found[.date] != nil, row.date == nil {
                undated = (undated.count + 1, undated.count == 0 ? record.line : undated.first)
                continue
            }
            return row
        }
        return nil
    }

    // MARK: - The header

    /// `nil` where the names are not those of a header with all that is needed.
    private static func plan(
        _ header: BillHeader, _ layout: BillLayout, _ conditions: [Condition], _ needs: Set<BillField>
    ) -> Plan? {
        let sources = layout.sources.compactMapValues { header.first(of: $0) }
        let places = conditions.compactMap { header.place(of: $0.column) }
        guard needs.isSubset(of: sources.keys), places.count == conditions.count, isComparable(sources.keys) else {
            return nil
        }
        return Plan(
            conditions: zip(places, conditions).map { ($0, $1.text) },
            columns: BillField.allCases.compactMap { field in
                sources[field].map { (field, $0.columns.compactMap(header.place), $0.factor) }
            }, found: sources.mapValues(\.text))
    }

    /// Tokens or money must be there, or there is nothing to compare.
    private static func isComparable(_ fields: some Sequence<BillField>) -> Bool {
        let fields = Set(fields)
        return fields.contains(.cost) || fields.contains(.tokens) || fields.isSuperset(of: [.input, .output])
    }

    private static func unknown(
        _ header: CSVReader.Record?, _ needs: Set<BillField>, _ conditions: [Condition]
    ) -> String {
        guard let header else { return "the bill is empty" }
        let named = header.cells.prefix(60).map { TerminalText.plain($0.clipped(toBytes: 60)) }
        let needed = needs.map(\.rawValue).sorted() + ["cost, or tokens, or input and output"]
        let columns = conditions.map { " the column \($0.column)," }.joined()
        return "the columns of the bill are not known: expected\(columns) \(needed.joined(separator: ", "));"
            + " say where they stand, as in --columns date=Day,cost=Amount."
            + " Line \(header.line) has: \(named.joined(separator: ", "))"
    }

    // MARK: - A row

    private func read(_ record: CSVReader.Record) throws -> BillRow {
        var row = BillRow(line: record.line)
        for (field, columns, factor) in plan.columns {
            switch field {
            case .id:
                let id = record.text(columns[0])
                row.id = id.isEmpty || id == "-" ? nil : id.clipped(toBytes: Bounds.name)
            case .date: row.date = BillDate(record.text(columns[0]))
            case .currency: row.currency = BillCurrency.code(record.text(columns[0]))
            case .input: row.input = try sum(record, columns, factor)
            case .output: row.output = try sum(record, columns, factor)
            case .tokens: row.tokens = try sum(record, columns, factor)
            case .cost: row.cost = try sum(record, columns, factor)
            }
        }
        return row
    }

    /// A number, or a factor and the terms of a sum with blanks between them.
    ///
    /// PostgreSQL adds them up, so every decimal stays.
    private func sum(_ record: CSVReader.Record, _ columns: [Int], _ factor: String) throws -> String {
        var terms: [String] = []
        for column in columns {
            guard let number = BillNumber.text(record.text(column)) else {
                throw BillMistake(
                    "line \(record.line), column \(column + 1): expected a number as in 1,234.5, where a comma is not a decimal one"
                )
            }
            terms.append(number)
        }
        return factor == "1" && terms.count == 1 ? terms[0] : ([factor] + terms).joined(separator: " ")
    }
}

/// The names of a bill's columns.
///
/// Capital letters, blanks and what stands in brackets behind a name, such as a unit, do not count.
private struct BillHeader {
    private let places: [String: Int]

    init(_ cells: [String]) {
        let names = cells.enumerated().flatMap { place, cell in
            [(Self.plain(cell), place), (Self.plain(Self.withoutUnit(cell)), place)]
        }
        places = Dictionary(names) { first, _ in first }
    }

    func place(of name: String) -> Int? { places[Self.plain(name)] }

    func first(of sources: [BillSource]) -> BillSource? {
        sources.first { source in
            !source.columns.isEmpty && source.columns.allSatisfy { place(of: $0) != nil }
        }
    }

    private static func plain(_ name: String) -> String { String(name.trimmingSpaces).lowercased() }

    private static func withoutUnit(_ name: String) -> String { String(name.prefix { !"(（[".contains($0) }) }
}

/// Currencies by the words of bills.
enum BillCurrency {
    static func code(_ cell: String) -> String? {
        switch cell.uppercased() {
        case "": nil
        case "人民币", "RMB", "元", "￥", "¥": "CNY"
        case "美元", "US$", "$": "USD"
        case let code: code.clipped(toBytes: Bounds.currency)
        }
    }
}

extension CSVReader.Record {
    /// A cell without what exports put in front so that spreadsheets take it for a text, and empty where the record is
    /// too short.
    fileprivate func text(_ column: Int) -> String {
        guard cells.indices.contains(column) else { return "" }
        var text = cells[column].trimmingSpaces
        if let first = text.first, "'`".contains(first) { text = text.dropFirst() }
        return String(text)
    }
}
