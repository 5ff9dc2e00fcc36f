/// The statements that read and write rows of the catalogue, made from `Model.fields` and `Account.fields`.
enum CatalogStatements {
    static let insertModel = insert(Model.fields, "models")
    /// The parameters of all four are the fields in their order, without those that are `readOnly`.
    static let upsertModel = insertModel + update(Model.fields)
    static let insertAccount = insert(Account.fields, "accounts")
    static let upsertAccount = insertAccount + update(Account.fields)

    static func parameters(_ model: Model) -> [PostgresParameter] { Model.fields.map { $0.parameter(model) } }

    /// `key` is as the database keeps it.
    ///
    /// `nil` leaves the one that is there.
    static func parameters(_ declared: DeclaredAccount, _ key: String?) -> [PostgresParameter] {
        columns(Account.fields).map { field in
            switch field.role {
            case .key: .text(key)
            case .state where !declared.givenState.contains(field.name): .null
            default: field.parameter(declared.account)
            }
        }
    }

    /// All columns, and lists as JSON beside them.
    static func select(_ kind: CatalogKind) -> String {
        let lists = kind.fields.filter { $0.shape == .list }.map { field in
            ", to_json(\(field.name)) AS \(CatalogField<Model>.listColumn(field.name))"
        }
        let times = ["created", "updated"].map { ", (extract(epoch FROM \($0)_at) * 1000)::bigint AS \($0)" }
        return "SELECT *\(lists.joined())\(times.joined()) FROM \(kind.table)"
    }

    private static func columns<Row>(_ fields: [CatalogField<Row>]) -> [CatalogField<Row>] {
        fields.filter { $0.role != .readOnly }
    }

    private static func insert<Row>(_ fields: [CatalogField<Row>], _ table: String) -> String {
        let columns = columns(fields)
        let values = columns.enumerated().map { index, field in
            let value = parameter(index, field)
            guard case .state(let standard) = field.role else { return value }
            return "coalesce(\(value), \(standard))"
        }
        let names = columns.map(\.name).joined(separator: ", ")
        return "INSERT INTO \(table) AS old (\(names)) VALUES (\(values.joined(separator: ", ")))"
    }

    private static func update<Row>(_ fields: [CatalogField<Row>]) -> String {
        let changes = columns(fields).enumerated().filter { $1.name != "id" }.map { index, field in
            let value =
                switch field.role {
                case .state: "coalesce(\(parameter(index, field)), old.\(field.name))"
                case .key: "coalesce(excluded.\(field.name), old.\(field.name))"
                case .given, .readOnly: "excluded.\(field.name)"
                }
            return "\(field.name) = \(value)"
        }
        return " ON CONFLICT (id) DO UPDATE SET \(changes.joined(separator: ", ")), updated_at = now()"
    }

    private static func parameter<Row>(_ index: Int, _ field: CatalogField<Row>) -> String {
        "$\(index + 1)" + (field.sqlType.isEmpty ? "" : "::\(field.sqlType)")
    }
}
