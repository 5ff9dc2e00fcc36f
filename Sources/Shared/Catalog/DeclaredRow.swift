import Yams

/// A model or an account as people give it, read by the rules of the catalogue file.
///
/// In: JSON. Out: the row, or every mistake with the name of its field. JSON is taken at its word: `"5"` is no number.
enum DeclaredRow: Sendable {
    case model(Model)
    case account(DeclaredAccount)

    var id: String {
        switch self {
        case .model(let model): model.id
        case .account(let declared): declared.account.id
        }
    }

    /// The readable part of a row, and all mistakes in it.
    struct Reading: Sendable {
        let row: DeclaredRow
        let mistakes: [String]
    }

    /// `allowsReferences` lets environment variables and files of this process hold keys.
    init(_ kind: CatalogKind, _ json: JSON, allowsReferences: Bool) throws(CatalogFile.Mistakes) {
        guard let object = json.objectValue else {
            throw CatalogFile.Mistakes(list: ["expected an object with named fields"])
        }
        let reading = Self.reading(kind, object, allowsReferences: allowsReferences)
        guard reading.mistakes.isEmpty else { throw CatalogFile.Mistakes(list: reading.mistakes) }
        self = reading.row
    }

    /// With `isTyped` a text is no number, as in JSON.
    ///
    /// Without it a value is whatever its field can read.
    static func reading(
        _ kind: CatalogKind, _ object: JSONObject, allowsReferences: Bool = true, isTyped: Bool = true
    ) -> Reading {
        let misshapen = isTyped ? Self.misshapen(kind, object) : [:]
        var usable = object
        for name in misshapen.keys { usable.remove(name) }
        if !allowsReferences { for name in Self.keyReferences { usable.remove(name) } }
        var reader = CatalogReader(Self.node(.object(usable)))
        reader.known(kind.fields.map(\.name))
        let row: DeclaredRow =
            switch kind {
            case .model: .model(Model(&reader))
            case .account: .account(DeclaredAccount(&reader))
            }
        // A field that is left out because it is misshapen is not missing, too.
        let others = reader.mistakes.filter { mistake in misshapen[String(mistake.prefix { $0 != ":" })] == nil }
        let shapes = object.members.compactMap { misshapen[$0.key] }
        return Reading(row: row, mistakes: shapes + (allowsReferences ? [] : references(object)) + others)
    }

    /// Mistakes by field.
    private static func misshapen(_ kind: CatalogKind, _ object: JSONObject) -> [String: String] {
        var mistakes: [String: String] = [:]
        for member in object.members {
            guard let shape = kind.shape(of: member.key), !shape.accepts(member.value) else { continue }
            mistakes[member.key] = "\(member.key): expected \(shape.expected)"
        }
        return mistakes
    }

    /// Keeps callers from elsewhere from having this process read its files for them.
    private static func references(_ object: JSONObject) -> [String] {
        keyReferences.filter { object[$0] != nil }.map { "\($0): expected the key itself in api_key" }
    }

    private static let keyReferences = Account.keyFields.filter { $0 != "api_key" }

    private static func node(_ json: JSON) -> Node {
        switch json {
        case .null: Node("null")
        case .bool(let flag): Node(flag ? "true" : "false")
        case .number(let number): Node(number.literal)
        case .string(let text): Node(text)
        case .array(let elements): Node(elements.map(node))
        // A null is a field that is not given.
        case .object(let object):
            Node(object.members.filter { !$0.value.isNull }.map { (Node($0.key), node($0.value)) })
        }
    }
}

extension CatalogKind {
    /// Reads the fields of one row, YAML or JSON, to JSON.
    ///
    /// Scalars become what their field takes, so that `account_name: 5` is a text.
    package func json(parsing text: String) throws(CatalogFile.Mistakes) -> JSON {
        guard let object = object(of: try CatalogFile.tree(text)) else {
            throw CatalogFile.Mistakes(list: ["expected the named fields of one \(rawValue)"])
        }
        return .object(object)
    }

    /// `nil` where there are no named fields.
    func object(of node: Node) -> JSONObject? {
        guard let mapping = node.mapping else { return nil }
        var object = JSONObject()
        for (key, value) in mapping {
            guard let name = key.string else { continue }
            object.set(name, Self.json(value, shape(of: name)))
        }
        return object
    }

    /// One field's value as YAML.
    package func json(parsing text: String, field: String) throws(CatalogFile.Mistakes) -> JSON {
        let shape = shape(of: field)
        // A text is not read as YAML: a name may hold a colon or begin with a quote.
        if shape == .text { return text == "null" ? .null : .string(text) }
        do { return Self.json(try CatalogFile.tree(text), shape) } catch {
            throw CatalogFile.Mistakes(list: ["\(field): expected \(shape?.expected ?? "a value") in YAML"])
        }
    }

    private static func json(_ node: Node, _ shape: CatalogShape?) -> JSON {
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, value) in mapping { object.set(key.string ?? "", json(value, shape)) }
            return .object(object)
        case .sequence(let sequence): return .array(sequence.map { json($0, shape) })
        default: return scalar(node, isText: shape == .text || shape == .texts || shape == .list)
        }
    }

    private static func scalar(_ node: Node, isText: Bool) -> JSON {
        let text = node.string ?? ""
        if node.scalar?.style == .plain, node.null != nil { return .null }
        if isText { return .string(text) }
        if let whole = node.int { return .int(whole) }
        if let flag = node.bool { return .bool(flag) }
        if let number = node.float.flatMap(JSONNumber.init) { return .number(number) }
        return .string(text)
    }
}
