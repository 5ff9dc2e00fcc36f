import Yams

/// Reads `CATALOG_FILE`: models and accounts as people write them, YAML or JSON.
///
/// In: the text. Out: models, and accounts with the sources of their keys. All mistakes are reported together, each
/// with the path of its field and never with a value. Unknown fields are mistakes too, since a misspelt limit would be
/// no limit.
package struct CatalogFile: Sendable {
    package struct Mistakes: Error, CustomStringConvertible {
        package let list: [String]
        /// The path of the file, or `nil` for a text from elsewhere.
        package let source: String?

        package init(list: [String], source: String? = nil) {
            self.list = list
            self.source = source
        }

        package var description: String {
            ((source.map { "\($0) is wrong:" } ?? "the catalogue is wrong:") + "\n"
                + list.map { "  " + $0 }.joined(separator: "\n"))
        }
    }

    package enum KeySource: Sendable {
        case none
        case plain(Secret)
        case environment(String)
        case file(String)
        case sealed(String)
    }

    package private(set) var models: [Model] = []
    package private(set) var accounts: [DeclaredAccount] = []

    /// The rows that an import declares.
    package init(models: [Model], accounts: [DeclaredAccount]) {
        self.models = models
        self.accounts = accounts
    }

    package init(path: String) throws(Mistakes) { try self.init(CatalogDraft(path: path)) }

    package init(text: String) throws(Mistakes) { try self.init(CatalogDraft(text: text)) }

    /// Reads each row alone, with defaults for the fields that it does not name.
    init(_ draft: CatalogDraft) throws(Mistakes) {
        var mistakes = draft.mistakes
        for item in draft.items {
            let reading = DeclaredRow.reading(item.kind, item.given, isTyped: false)
            mistakes += reading.mistakes.map(item.located)
            switch reading.row {
            case .model(let model): models.append(model)
            case .account(let account): accounts.append(account)
            }
        }
        if !mistakes.isEmpty { throw Mistakes(list: mistakes, source: draft.source) }
    }

    /// Tells a syntax error by its place alone: the text around it may be a key.
    static func tree(_ text: String) throws(Mistakes) -> Node {
        do {
            return try Yams.compose(yaml: text) ?? Node([(Node, Node)]())
        } catch let error as YamlError {
            throw Mistakes(list: [place(of: error)])
        } catch {
            throw Mistakes(list: ["expected YAML or JSON"])
        }
    }

    /// The problem is one of the parser's constant sentences.
    private static func place(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(_, let context): "line \(context.mark.line): a field is there twice"
        default: "expected YAML or JSON"
        }
    }
}
