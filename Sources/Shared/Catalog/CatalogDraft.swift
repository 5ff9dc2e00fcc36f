import Yams

/// A catalogue file's rows, each with exactly the fields that the file names.
///
/// In: YAML or JSON, which is YAML too. Out: rows that are not judged yet, and the mistakes of the file around them.
package struct CatalogDraft: Sendable {
    struct Item: Sendable {
        let kind: CatalogKind
        /// `models[0]`.
        let place: String
        let given: JSONObject

        var id: String? { given["id"]?.stringValue }

        /// Turns a mistake of the row (`<field>: expected …`) into one of the file.
        func located(_ mistake: String) -> String {
            let name = id.map { $0.utf8.count <= 64 && $0.utf8.allSatisfy { $0 > 32 && $0 < 127 } } ?? false
            let owner = name ? " (\(id ?? ""))" : ""
            guard let colon = mistake.firstIndex(of: ":") else { return "\(place)\(owner): \(mistake)" }
            return "\(place).\(mistake[..<colon])\(owner)\(mistake[colon...])"
        }
    }

    /// The file's name for messages, or `nil` for a text from elsewhere.
    package let source: String?
    private(set) var items: [Item] = []
    private(set) var mistakes: [String] = []

    package init(path: String) throws(CatalogFile.Mistakes) {
        guard let text = SettingsFile.text(at: path) else {
            throw CatalogFile.Mistakes(list: ["expected a readable file in UTF-8"], source: path)
        }
        try self.init(text: text, source: path)
    }

    package init(text: String, source: String? = nil) throws(CatalogFile.Mistakes) {
        self.source = source
        let tree: Node
        do { tree = try CatalogFile.tree(text) } catch {
            throw CatalogFile.Mistakes(list: error.list, source: source)
        }
        var root = CatalogReader(tree)
        root.known(CatalogKind.allCases.map(\.table))
        for kind in CatalogKind.allCases { read(kind, &root) }
        mistakes = root.mistakes + mistakes
    }

    private mutating func read(_ kind: CatalogKind, _ root: inout CatalogReader) {
        var seen: Set<String> = []
        for (index, node) in root.elements(kind.table).enumerated() {
            let place = "\(kind.table)[\(index)]"
            guard let fields = kind.object(of: node) else {
                mistakes.append("\(place): expected named fields")
                continue
            }
            let item = Item(kind: kind, place: place, given: fields)
            items.append(item)
            if let id = item.id, !seen.insert(id).inserted {
                mistakes.append(item.located("id: expected an id that no other entry has"))
            }
        }
    }
}
