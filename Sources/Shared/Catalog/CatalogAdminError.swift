/// The reason why the catalogue was not changed.
package enum CatalogAdminError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each `<field>: expected …`, never with a value.
    case invalid([String])
    case notFound(CatalogKind, String)
    /// The id is taken.
    case conflict(CatalogKind, String)
    case noMasterKey
    /// Nothing is known to have been changed. After a lost connection it may have been all the same.
    case database(PostgresError)

    package var description: String {
        switch self {
        case .invalid(let mistakes): mistakes.joined(separator: "\n")
        case .notFound(let kind, let id): "there is no \(kind.rawValue) \(id)"
        case .conflict(let kind, let id): "there is \(kind.withArticle) \(id) already"
        case .noMasterKey: "MASTER_KEY must be set to seal a key"
        case .database(let error): "\(error)"
        }
    }

    /// The first field that is wrong.
    package var field: String? {
        guard case .invalid(let mistakes) = self, let first = mistakes.first, let colon = first.firstIndex(of: ":")
        else { return nil }
        return String(first[..<colon])
    }

    /// `unique_violation`: an id that is taken is no wrong value.
    static let duplicate = "23505"

    init(_ error: PostgresError) {
        self =
            error.isRefusedValue && error.sqlState != Self.duplicate
            ? .invalid(["expected values that PostgreSQL can hold"]) : .database(error)
    }

    /// From reading a row and sealing its key.
    init(reading error: any Error) {
        switch error {
        case let error as CatalogAdminError: self = error
        case let error as CatalogFile.Mistakes: self = .invalid(error.list)
        default: self = .invalid(["api_key: expected a key that can be sealed"])
        }
    }
}
