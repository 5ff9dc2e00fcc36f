/// The two kinds of catalogue rows.
///
/// Raw values are wire names.
package enum CatalogKind: String, Sendable, CaseIterable {
    case model, account

    var table: String { rawValue + "s" }

    /// `a model`, `an account`.
    package var withArticle: String { (self == .account ? "an " : "a ") + rawValue }

    /// Every field that people may give, by the names of the catalogue file, with the shape of its value.
    var fields: [(name: String, shape: CatalogShape)] {
        switch self {
        case .model: Self.modelFields
        case .account: Self.accountFields
        }
    }

    func shape(of field: String) -> CatalogShape? { fields.first { $0.name == field }?.shape }

    private static let modelFields = Model.fields.map { (name: $0.name, shape: $0.shape) }
    /// Fields of the key come after the platform.
    private static let accountFields: [(name: String, shape: CatalogShape)] = {
        let fields = Account.fieldsOfFile.map { (name: $0.name, shape: $0.shape) }
        let keys = Account.keyFields.map { (name: $0, shape: CatalogShape.text) }
        return fields.prefix(3) + keys + fields.dropFirst(3)
    }()
}

/// The JSON that a field takes.
///
/// Null stands for "not given" in all of them.
package enum CatalogShape: Sendable {
    case text, number, flag
    /// Of texts.
    case list
    /// Names with true or false.
    case flags
    /// Names with texts.
    case texts

    func accepts(_ value: JSON) -> Bool {
        switch (self, value) {
        case (_, .null), (.text, .string), (.number, .number), (.flag, .bool): true
        case (.list, .array(let elements)): elements.allSatisfy { $0.stringValue.map(Self.isPlain) ?? false }
        case (.flags, .object(let named)): named.members.allSatisfy { $0.value.boolValue != nil }
        // A line feed separates the `headers` of an account.
        case (.texts, .object(let named)):
            named.members.allSatisfy { $0.value.stringValue.map { !$0.utf8.contains(0) } ?? false }
        default: false
        }
    }

    var expected: String {
        switch self {
        case .text: "a text"
        case .number: "a number"
        case .flag: "true or false"
        case .list: "a list of texts"
        case .flags: "names with true or false"
        case .texts: "names with texts"
        }
    }

    private static func isPlain(_ text: String) -> Bool { !text.utf8.contains { $0 < 32 } }
}
