/// A result, copied out of libpq: text values by column name.
package struct PostgresRows: Sendable {
    private let columns: [String: Int]
    private let values: [[String?]]
    /// The server's word on what it did: `COMMIT`, `UPDATE 3`.
    package let tag: String

    init(columns: [String], values: [[String?]], tag: String) {
        self.columns = Dictionary(columns.enumerated().map { ($1, $0) }) { first, _ in first }
        self.values = values
        self.tag = tag
    }

    package var count: Int { values.count }
    /// Rows that an INSERT, UPDATE or DELETE changed, or a SELECT found.
    package var affected: Int { tag.split(separator: " ").last.flatMap { Int($0) } ?? 0 }
    package var rows: [PostgresRow] { values.map { PostgresRow(columns: columns, values: $0) } }
    package var first: PostgresRow? { values.first.map { PostgresRow(columns: columns, values: $0) } }
}

package struct PostgresRow: Sendable {
    fileprivate let columns: [String: Int]
    fileprivate let values: [String?]

    fileprivate init(columns: [String: Int], values: [String?]) {
        self.columns = columns
        self.values = values
    }

    /// `nil` for SQL's null.
    ///
    /// A column that is not there is a mistake of ours, and thrown.
    package func text(_ column: String) throws(PostgresError) -> String? {
        guard let index = columns[column] else { throw PostgresError(.decoding, "no column \(column)") }
        return values[index]
    }

    package func value<Value: LosslessStringConvertible>(
        _ column: String, _ type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        guard let text = try text(column) else { return nil }
        guard let value = Value(text) else { throw PostgresError(.decoding, "\(column): expected \(type)") }
        return value
    }

    /// A value that is never null.
    package func required<Value: LosslessStringConvertible>(
        _ column: String, _ type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let value = try value(column, type) else { throw PostgresError(.decoding, "\(column): unexpected null") }
        return value
    }

    package func bool(_ column: String) throws(PostgresError) -> Bool { try text(column) == "t" }

    /// A JSON column, with an empty object for SQL's null.
    package func json(_ column: String) throws(PostgresError) -> JSON {
        guard let text = try text(column) else { return [:] }
        do { return try JSON(parsing: Array(text.utf8)) } catch {
            throw PostgresError(.decoding, "\(column): expected JSON")
        }
    }
}
