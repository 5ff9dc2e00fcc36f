import Yams

/// Reads one mapping of the catalogue file, field by field, and collects the mistakes.
struct CatalogReader {
    private let node: Node
    private let path: String
    private(set) var mistakes: [String] = []

    init(_ node: Node, path: String = "") {
        self.node = node
        self.path = path
        if node.mapping == nil { mistakes.append("\(path.isEmpty ? "the file" : path): expected named fields") }
    }

    mutating func wrong(_ field: String, _ expected: String) {
        mistakes.append("\(path.isEmpty ? "" : path + ".")\(field): expected \(expected)")
    }

    /// Notes every other field as a mistake, with the nearest known name.
    mutating func known(_ names: [String]) {
        for (key, _) in node.mapping ?? [:] {
            guard let name = key.string, !names.contains(name) else { continue }
            let nearest = names.min { Self.distance($0, name) < Self.distance($1, name) } ?? ""
            let isPlain = name.utf8.count <= 40 && name.utf8.allSatisfy { $0 > 32 && $0 < 127 }
            wrong(isPlain ? name : "?", "a known field, perhaps \(nearest)")
        }
    }

    /// The elements of a list, or none where the field is missing or no list.
    mutating func elements(_ name: String) -> [Node] {
        guard let value = given(name) else { return [] }
        if let sequence = value.sequence { return Array(sequence) }
        wrong(name, "a list")
        return []
    }

    mutating func text(_ name: String, upTo most: Int = 4096) -> String? {
        guard let value = given(name) else { return nil }
        guard let text = value.string, !text.isEmpty, !text.utf8.contains(where: { $0 < 32 }) else {
            wrong(name, "a text without control characters")
            return nil
        }
        if text.utf8.count <= most { return text }
        wrong(name, "a text of at most \(most) bytes")
        return nil
    }

    /// A text that enters an index, a key in Redis or a table for people.
    mutating func name(_ name: String) -> String? { text(name, upTo: Self.longestName) }

    mutating func required(_ field: String) -> String {
        if given(field) == nil { wrong(field, "a text") }
        return name(field) ?? ""
    }

    mutating func provider() -> Provider? {
        if let provider = readableProvider { return provider }
        wrong("provider", "one of " + Provider.allCases.map(\.rawValue).joined(separator: ", "))
        return nil
    }

    private var readableProvider: Provider? { given("provider")?.string.flatMap(Provider.init(anyCase:)) }

    /// The modes of an unknown platform are unknown, too, so nothing is said of them.
    mutating func mode() -> String? {
        guard let mode = text("mode")?.lowercased(), let provider = readableProvider else { return nil }
        if provider.modes.contains(mode) { return mode }
        wrong("mode", "one of " + provider.modes.joined(separator: ", "))
        return nil
    }

    /// Reads all fields of a row: those that are named `first`, then the others in their order.
    mutating func read<Row>(_ fields: [CatalogField<Row>], first names: [String], into row: inout Row) {
        for name in names { fields.first { $0.name == name }?.read(&self, &row) }
        for field in fields where !names.contains(field.name) { field.read(&self, &row) }
    }

    /// The row gives the field itself.
    func gives(_ name: String) -> Bool { given(name) != nil }

    /// `most` is what its column holds.
    mutating func whole(_ name: String, from least: Int, to most: Int = Int(Int32.max)) -> Int? {
        guard let value = given(name) else { return nil }
        if let number = value.int, number >= least {
            if number <= most { return number }
            wrong(name, "a whole number up to \(most)")
            return nil
        }
        wrong(name, "a whole number from \(least)")
        return nil
    }

    mutating func whole(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = given(name) else { return nil }
        if let number = value.int, range.contains(number) { return number }
        wrong(name, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) -> Choice? {
        guard let value = given(name) else { return nil }
        if let choice = value.string.flatMap(Choice.init(anyCase:)) { return choice }
        wrong(name, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        return nil
    }

    mutating func number(_ name: String) -> Double? {
        guard let value = given(name) else { return nil }
        if let number = value.float ?? value.int.map(Double.init), number.isFinite, number >= 0 { return number }
        wrong(name, "a number from 0")
        return nil
    }

    mutating func bool(_ name: String) -> Bool? {
        guard let value = given(name) else { return nil }
        if let flag = value.bool { return flag }
        wrong(name, "true or false")
        return nil
    }

    /// Takes an address as people paste it, and returns the one that calls are appended to.
    mutating func address(_ name: String) -> String? {
        guard let value = given(name) else { return nil }
        let text = value.string ?? ""
        if text.utf8.count <= 4096, let address = PlatformAddress.tidied(text) { return address }
        wrong(name, "an http:// or https:// URL without user, query and fragment")
        return nil
    }

    mutating func list(_ name: String) -> [String] {
        guard let value = given(name) else { return [] }
        if let texts = value.sequence.map({ $0.compactMap(\.string) }), texts.count == value.sequence?.count {
            if texts.allSatisfy(Self.isName) { return texts }
            wrong(name, "texts of 1 to \(Self.longestName) bytes without control characters")
            return []
        }
        wrong(name, "a list of texts")
        return []
    }

    private static let longestName = Bounds.name

    private static func isName(_ text: String) -> Bool {
        (1...longestName).contains(text.utf8.count) && !text.utf8.contains { $0 < 32 }
    }

    mutating func flags(_ name: String) -> [String: Bool] {
        pairs(name, "names with true or false") { $0.bool }
    }

    mutating func texts(_ name: String) -> [String: String] {
        pairs(name, "names with texts") { $0.string }
    }

    mutating func key() -> CatalogFile.KeySource {
        let names = Account.keyFields.filter { given($0) != nil }
        guard names.count <= 1 else {
            wrong(names[1], "only one of " + Account.keyFields.joined(separator: ", "))
            return .none
        }
        if names.first == "api_key" { return pastedKey() }
        guard let name = names.first, let value = text(name) else { return .none }
        switch name {
        case "api_key_env": return .environment(value)
        case "api_key_file": return .file(value)
        default: return .sealed(value)
        }
    }

    private mutating func pastedKey() -> CatalogFile.KeySource {
        if let text = given("api_key")?.string, let key = Secret(pasted: text) { return .plain(key) }
        wrong("api_key", "a text without control characters")
        return .none
    }

    private mutating func pairs<Value>(_ name: String, _ expected: String, _ read: (Node) -> Value?) -> [String: Value]
    {
        guard let value = given(name) else { return [:] }
        guard let mapping = value.mapping else {
            wrong(name, expected)
            return [:]
        }
        var pairs: [String: Value] = [:]
        for (key, element) in mapping {
            guard let key = key.string, let value = read(element) else {
                wrong(name, expected)
                continue
            }
            pairs[key] = value
        }
        return pairs
    }

    /// The field, unless it is missing or null.
    private func given(_ name: String) -> Node? {
        guard let value = node.mapping?[Node(name)], value.null == nil else { return nil }
        return value
    }

    /// Levenshtein's distance, for the hint at a misspelt name.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8.prefix(64)))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                (diagonal, row[j + 1]) = (
                    row[j + 1], min(diagonal + (a[i] == b[j] ? 0 : 1), row[j] + 1, row[j + 1] + 1)
                )
            }
        }
        return row[b.count]
    }
}
