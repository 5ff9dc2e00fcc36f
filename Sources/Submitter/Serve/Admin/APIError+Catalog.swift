import HTTPTypes
import Shared

/// Tells an HTTP caller why a change of the catalogue was not made.
extension APIError {
    init(_ error: CatalogAdminError) {
        switch error {
        case .invalid(let mistakes):
            self = .invalid(error.field, mistakes.joined(separator: "; ") + ".")
        case .notFound(let kind, _): self = .notFound("such \(kind.rawValue)")
        case .conflict(let kind, _):
            self.init(
                .conflict, .invalidRequest, code: "already_exists",
                "There is \(kind.withArticle) with this id already.",
                param: "id")
        case .noMasterKey:
            self.init(
                .serviceUnavailable, .server, code: "no_master_key", "The service has no MASTER_KEY to seal a key with."
            )
        case .database(let error): self.init(error)
        }
    }

    init(_ error: PostgresError) {
        self.init(
            .serviceUnavailable, .server, code: "database_unavailable",
            "The catalogue cannot be reached or changed now.",
            retryAfter: .seconds(2))
    }
}
