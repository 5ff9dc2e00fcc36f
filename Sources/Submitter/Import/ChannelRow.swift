import Shared

/// One row of `channels`, the table in which one-api and new-api keep their accounts at platforms.
///
/// In: the row as JSON, from whatever database: numbers may be texts, and texts may hold JSON. Columns that only one of
/// the two products has are simply missing in the other's rows.
struct ChannelRow: Sendable {
    /// The numbers that both products write into `status`, for a channel and for single keys.
    enum Status: Int, Sendable {
        case enabled = 1
        case disabledByHand = 2
        case disabledByItself = 3
    }

    let id: Int
    let type: Int
    let name: String
    /// Most channels have one.
    ///
    /// Each has a status of its own.
    let keys: [(secret: Secret, status: Status)]
    let status: Status
    let weight: Int
    let priority: Int
    let baseURL: String
    /// As callers name them.
    let models: [String]
    /// Callers' names to the platform's own.
    let mapping: [String: String]
    let groups: [String]
    let organization: String?
    let headers: [String: String]
    /// Columns with values that this import does not understand.
    let leftovers: [String]

    private static let unread = [
        "other", "config", "setting", "settings", "param_override", "status_code_mapping", "system_prompt",
    ]

    init?(_ json: JSON) {
        let row = Columns(json: json)
        guard let id = row.int("id"), let type = row.int("type") else { return nil }
        self.id = id
        self.type = type
        name = row.text("name")
        status = Status(rawValue: row.int("status") ?? 1) ?? .disabledByHand
        weight = row.int("weight") ?? 0
        priority = row.int("priority") ?? 0
        baseURL = row.text("base_url")
        models = row.list("models")
        mapping = row.texts("model_mapping")
        groups = row.list("group")
        // GORM's name for the column, and the name in the answers of new-api's own API.
        organization = ["open_ai_organization", "openai_organization"].map(row.text).first { !$0.isEmpty }
        headers = row.texts("header_override")
        leftovers = ChannelRow.unread.filter { row.isSaying($0) }
        keys = ChannelRow.keys(row)
    }

    /// One key a line, or a JSON array of them.
    private static func keys(_ row: Columns) -> [(secret: Secret, status: Status)] {
        let statuses = row.object("channel_info")["multi_key_status_list"]?.objectValue
        let listed = row.object("key", array: true)["key"]?.arrayValue?.compactMap(\.stringValue)
        let texts = listed ?? row.text("key").split(whereSeparator: \.isNewline).map(String.init)
        return texts.compactMap(Secret.init(pasted:)).enumerated().map { index, key in
            let status = statuses?["\(index)"]?.intValue.map { Status(rawValue: $0) ?? .disabledByHand }
            return (key, status ?? .enabled)
        }
    }
}

/// Values by column, however the database at hand wrote them.
private struct Columns {
    let json: JSON

    func text(_ name: String) -> String {
        switch json[name] {
        case .string(let text): String(text.trimmed)
        case .number(let number): number.intValue.map { "\($0)" } ?? ""
        default: ""
        }
    }

    func int(_ name: String) -> Int? { json[name]?.intValue ?? Int(text(name)) }

    func list(_ name: String) -> [String] {
        text(name).split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
    }

    /// An object, inline or as text; with `array`, an array under the column's own name.
    func object(_ name: String, array: Bool = false) -> JSONObject {
        let value = parsed(name)
        if array, let value, value.arrayValue != nil { return JSONObject(dictionaryLiteral: (name, value)) }
        return value?.objectValue ?? [:]
    }

    func texts(_ name: String) -> [String: String] {
        var texts: [String: String] = [:]
        for member in object(name).members { texts[member.key] = member.value.stringValue }
        return texts
    }

    /// True where there is more than an empty value, or members that are all empty.
    func isSaying(_ name: String) -> Bool {
        guard let value = parsed(name) else { return !text(name).isEmpty }
        return Columns.isSaying(value)
    }

    private static func isSaying(_ value: JSON) -> Bool {
        switch value {
        case .null, .bool(false): false
        // A temperature of 0 says something.
        case .bool(true), .number: true
        case .string(let text): !text.isEmpty
        case .array(let elements): elements.contains(where: isSaying)
        case .object(let object): object.members.contains { isSaying($0.value) }
        }
    }

    private func parsed(_ name: String) -> JSON? {
        switch json[name] {
        case .string(let text): text.isEmpty ? nil : try? JSON(parsing: Array(text.utf8))
        case let value: value
        }
    }
}

extension StringProtocol {
    /// Without blanks and line ends at both ends.
    var trimmed: SubSequence {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
