/// One field of a catalogue row, with its form in every place that holds it.
///
/// The places are the catalogue file, a column of PostgreSQL, the copy in Redis, and answers to people.
struct CatalogField<Row: Sendable>: Sendable {
    typealias Path<Value> = any WritableKeyPath<Row, Value> & Sendable

    enum Role: Sendable, Equatable {
        /// People set it.
        case given
        /// The service changes it, too.
        ///
        /// An edit that does not give it leaves it. A new row has `default`, which is SQL.
        case state(default: String)
        /// The sealed key, which nobody is shown.
        case key
        /// People see it, and cannot set it.
        case readOnly
    }

    let name: String
    let shape: CatalogShape
    var role = Role.given
    /// `false` where the copy in Redis holds it in another form.
    var isCopied = true
    /// The type of its column, empty for text.
    let sqlType: String
    /// Null where the row has none.
    let value: @Sendable (Row) -> JSON
    let parameter: @Sendable (Row) -> PostgresParameter
    /// Reads the catalogue file.
    ///
    /// A field that the file does not name leaves the row's default.
    let read: @Sendable (inout CatalogReader, inout Row) -> Void
    let load: @Sendable (PostgresRow, inout Row) throws(PostgresError) -> Void
    /// Reads the copy in Redis, whose numbers and texts may be of another build.
    let decode: @Sendable (JSON, inout Row) -> Void
}

// MARK: - By the type of the row's property

extension CatalogField {
    /// Set when the row is made, before the other fields are read.
    static func identity(
        _ name: String, read: @escaping @Sendable (inout CatalogReader, inout Row) -> Void = { _, _ in },
        _ text: @escaping @Sendable (Row) -> String
    ) -> Self {
        Self(
            name: name, shape: .text, sqlType: "", value: { .string(text($0)) }, parameter: { .text(text($0)) },
            read: read, load: { _, _ in }, decode: { _, _ in })
    }

    /// A name that is the row's id where none is given.
    static func name(
        _ name: String, _ path: Path<String>,
        id: any KeyPath<Row, String> & Sendable
    ) -> Self {
        Self(
            name: name, shape: .text, sqlType: "", value: { .string($0[keyPath: path]) },
            parameter: { .text($0[keyPath: path]) },
            read: { $1[keyPath: path] = $0.name(name) ?? $1[keyPath: id] },
            load: { row, it throws(PostgresError) in it[keyPath: path] = try row.required(name) },
            decode: { $1[keyPath: path] = $0[name]?.stringValue ?? $1[keyPath: id] })
    }

    static func text(
        _ name: String, _ path: Path<String?>, role: Role = .given,
        read: @escaping @Sendable (inout CatalogReader, inout Row) -> Void
    ) -> Self {
        Self(
            name: name, shape: .text, role: role, sqlType: "", value: { .optional($0[keyPath: path]) },
            parameter: { .text($0[keyPath: path]) }, read: read,
            load: { row, it throws(PostgresError) in it[keyPath: path] = try row.text(name) },
            decode: { $1[keyPath: path] = $0[name]?.stringValue })
    }

    /// `unknown` stands for words that only another build knows.
    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ path: Path<Choice>, role: Role = .given, unknown: Choice
    ) -> Self {
        Self(
            name: name, shape: .text, role: role, sqlType: "", value: { .string($0[keyPath: path].rawValue) },
            parameter: { .text($0[keyPath: path].rawValue) },
            read: { if let choice: Choice = $0.choice(name) { $1[keyPath: path] = choice } },
            load: { row, it throws(PostgresError) in
                it[keyPath: path] = Choice(rawValue: try row.required(name)) ?? unknown
            },
            decode: { $1[keyPath: path] = $0[name]?.stringValue.flatMap { Choice(rawValue: $0) } ?? unknown })
    }

    /// A whole number from `least`, or none.
    static func whole(
        _ name: String, _ path: Path<Int?>, from least: Int
    ) -> Self {
        Self(
            name: name, shape: .number, sqlType: "integer", value: { .optional($0[keyPath: path]) },
            parameter: { .int($0[keyPath: path]) }, read: { $1[keyPath: path] = $0.whole(name, from: least) },
            load: { row, it throws(PostgresError) in it[keyPath: path] = try row.value(name) },
            decode: { $1[keyPath: path] = $0[name]?.whole(in: least...Int(Int32.max)) })
    }

    /// A whole number that every row has.
    ///
    /// `stored` bounds the numbers of the copy in Redis.
    static func whole(
        _ name: String, _ path: Path<Int>, stored: ClosedRange<Int>,
        sqlType: String = "integer", read: @escaping @Sendable (inout CatalogReader) -> Int?
    ) -> Self {
        Self(
            name: name, shape: .number, sqlType: sqlType, value: { .int($0[keyPath: path]) },
            parameter: { .int($0[keyPath: path]) },
            read: { if let number = read(&$0) { $1[keyPath: path] = number } },
            load: { row, it throws(PostgresError) in it[keyPath: path] = try row.required(name) },
            decode: { if let number = $0[name]?.whole(in: stored) { $1[keyPath: path] = number } })
    }

    static func texts(_ name: String, _ path: Path<[String]>) -> Self {
        Self(
            name: name, shape: .list, sqlType: "text[]", value: { .texts($0[keyPath: path]) },
            parameter: { .array($0[keyPath: path]) }, read: { $1[keyPath: path] = $0.list(name) },
            load: { row, it throws(PostgresError) in it[keyPath: path] = try row.json(listColumn(name)).texts },
            decode: { $1[keyPath: path] = $0[name]?.texts ?? [] })
    }

    /// Named values, which are JSON in PostgreSQL.
    static func named<Value: Sendable>(
        _ name: String, _ path: Path<[String: Value]>, shape: CatalogShape,
        json: @escaping @Sendable (Value) -> JSON, value: @escaping @Sendable (JSON) -> Value?,
        read: @escaping @Sendable (inout CatalogReader) -> [String: Value]
    ) -> Self {
        let encode: @Sendable (Row) -> JSON = { .named($0[keyPath: path].mapValues(json)) }
        return Self(
            name: name, shape: shape, sqlType: "jsonb", value: encode,
            parameter: { .text(String(decoding: encode($0).encoded, as: UTF8.self)) },
            read: { $1[keyPath: path] = read(&$0) },
            load: { row, it throws(PostgresError) in it[keyPath: path] = try row.json(name).members(value) },
            decode: { $1[keyPath: path] = ($0[name] ?? [:]).members(value) })
    }

    /// The name under which `CatalogStatements.select` gives a list as JSON.
    static func listColumn(_ name: String) -> String { name + "_list" }
}

extension JSON {
    static func optional(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    static func optional(_ value: Int?) -> JSON { value.map { .int($0) } ?? .null }
    static func optional(_ value: Int64?) -> JSON { value.map { .number(JSONNumber($0)) } ?? .null }
    /// Null for infinity and NaN, too.
    static func optional(_ value: Double?) -> JSON { value.flatMap { JSONNumber($0) }.map(JSON.number) ?? .null }
    static func texts(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }

    /// By name.
    static func named(_ values: [String: JSON]) -> JSON {
        .object(values.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.set($1.key, $1.value) })
    }

    fileprivate var texts: [String] { (arrayValue ?? []).compactMap(\.stringValue) }

    fileprivate func members<Value>(_ value: (JSON) -> Value?) -> [String: Value] {
        var all: [String: Value] = [:]
        for member in objectValue?.members ?? [] { all[member.key] = value(member.value) }
        return all
    }
}
