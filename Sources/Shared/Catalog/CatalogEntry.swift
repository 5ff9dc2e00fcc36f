import Yams

/// One model or account as people give it, read by the rules of the catalogue file.
///
/// In: JSON. Out: the entry, or every mistake with the name of its field. JSON is taken at its word: `"5"` is no number.
enum CatalogEntry: Sendable {
    case model(Model)
    case account(CatalogFile.AccountEntry)

    var id: String {
        switch self {
        case .model(let model): model.id
        case .account(let entry): entry.account.id
        }
    }

    /// `allowsReferences`: keys may be named by environment variable or file, which are this process' own.
    init(_ kind: CatalogKind, _ json: JSON, allowsReferences: Bool) throws(CatalogFile.Mistakes) {
        guard let object = json.objectValue else {
            throw CatalogFile.Mistakes(list: ["expected an object with named fields"])
        }
        var mistakes = Self.misshapen(kind, object)
        if !allowsReferences { mistakes += Self.references(object) }
        guard mistakes.isEmpty else { throw CatalogFile.Mistakes(list: mistakes) }
        var reader = CatalogReader(Self.node(json))
        switch kind {
        case .model: self = .model(CatalogFile.model(&reader))
        case .account: self = .account(CatalogFile.account(&reader))
        }
        guard reader.mistakes.isEmpty else { throw CatalogFile.Mistakes(list: reader.mistakes) }
    }

    private static func misshapen(_ kind: CatalogKind, _ object: JSONObject) -> [String] {
        object.members.compactMap { member in
            guard let shape = kind.shape(of: member.key), !shape.accepts(member.value) else { return nil }
            return "\(member.key): expected \(shape.expected)"
        }
    }

    /// A caller from elsewhere must not have this process read its files for them.
    private static func references(_ object: JSONObject) -> [String] {
        ["api_key_env", "api_key_file", "api_key_encrypted"].filter { object[$0] != nil }
            .map { "\($0): expected the key itself in api_key" }
    }

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
    /// Fields of one entry as YAML or JSON, to JSON; scalars become what their field takes, so that `account_name: 5` is a text.
    package func json(parsing text: String) throws(CatalogFile.Mistakes) -> JSON {
        let node = try CatalogFile.tree(text)
        guard let mapping = node.mapping else {
            throw CatalogFile.Mistakes(list: ["the file: expected the named fields of one \(rawValue)"])
        }
        var object = JSONObject()
        for (key, value) in mapping {
            guard let name = key.string else { continue }
            object.set(name, Self.json(value, shape(of: name)))
        }
        return .object(object)
    }

    /// One field's value as YAML.
    package func json(parsing text: String, field: String) throws(CatalogFile.Mistakes) -> JSON {
        let shape = shape(of: field)
        // Not YAML: a name may hold a colon or begin with a quote.
        if shape == .text { return text == "null" ? .null : .string(text) }
        return Self.json(try CatalogFile.tree(text), shape)
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
