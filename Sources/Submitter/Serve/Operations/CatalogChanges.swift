import HTTPTypes
import Shared

/// The entries that models and accounts have in common, as `CatalogRoutes` has their handlers.
///
/// `name` ends the operation's id, as in `createModel`.
extension APIOperation {
    static func create(
        _ name: String, _ kind: CatalogKind, _ fields: JSONSchema, _ given: JSON, _ view: JSON
    ) -> APIOperation {
        APIOperation(
            "create\(name)", .catalog, "Make \(kind.withArticle)", parameters: [.actor],
            body: .json(fields, example: given),
            answers: [
                APIAnswer(
                    status: 201, text: "It is made.", contents: [.json(kind.schema, example: view)],
                    headers: [.location])
            ],
            refusals: [
                .jsonBody, .databaseAway, .noMasterKey,
                [
                    APIRefusal(
                        .conflict, .invalidRequest, "already_exists",
                        "There is \(kind.withArticle) with this id already.", param: "id")
                ],
            ])
    }

    static func show(_ name: String, _ kind: CatalogKind, _ view: JSON) -> APIOperation {
        APIOperation(
            "show\(name)", .catalog, "\(kind.article) \(kind.rawValue) with all fields",
            details: "While PostgreSQL is away it is shown from memory.", parameters: [.row(kind)],
            answers: [.ok("All of it.", kind.schema, example: view)],
            refusals: [.values, .notFound("such \(kind.rawValue)"), .databaseAway])
    }

    static func replace(
        _ name: String, _ kind: CatalogKind, _ fields: JSONSchema, _ given: JSON, _ view: JSON
    ) -> APIOperation {
        change(
            "replace\(name)", kind, "Replace \(kind.withArticle)",
            """
            Fields that are not given get their defaults, except key, status, health and usage. An answer may be sent back \
            as it came.
            """, .json(fields, example: given), view)
    }

    static func patch(
        _ name: String, _ kind: CatalogKind, _ fields: JSONSchema, _ given: JSON, _ view: JSON
    ) -> APIOperation {
        change(
            "patch\(name)", kind, "Change fields of \(kind.withArticle)",
            "A JSON merge patch (RFC 7396). Null takes a field back to its default.", .json(fields, example: given),
            view)
    }

    static func delete(_ name: String, _ kind: CatalogKind) -> APIOperation {
        APIOperation(
            "delete\(name)", .catalog, "Delete \(kind.withArticle)",
            details: "Requests that run on it go on, and its usage stays in the books.",
            parameters: [.row(kind), .actor], answers: [APIAnswer(status: 204, text: "It is deleted.")],
            refusals: [.values, .notFound("such \(kind.rawValue)"), .databaseAway])
    }

    static func enable(_ name: String, _ kind: CatalogKind, _ view: JSON) -> APIOperation {
        change(
            "enable\(name)", kind, "Put \(kind.withArticle) to use", nil,
            .json(.object([.may("reason", .string)]), example: ["reason": "paid again"], isRequired: false), view)
    }

    static func disable(_ name: String, _ kind: CatalogKind, _ view: JSON) -> APIOperation {
        change(
            "disable\(name)", kind, "Take \(kind.withArticle) out of use", nil,
            .json(.object([.must("reason", .text(from: 1, upTo: 4096))]), example: ["reason": "too many errors"]), view)
    }

    private static func change(
        _ id: String, _ kind: CatalogKind, _ summary: String, _ details: String?, _ body: APIBody, _ view: JSON
    ) -> APIOperation {
        APIOperation(
            id, .catalog, summary, details: details, parameters: [.row(kind), .actor], body: body,
            answers: [.ok("All of it, as it is now.", kind.schema, example: view)],
            refusals: [.jsonBody, .notFound("such \(kind.rawValue)"), .databaseAway, .noMasterKey])
    }
}

extension APIParameter {
    static func row(_ kind: CatalogKind) -> APIParameter {
        .id("The \(kind.rawValue)'s id.", example: kind == .model ? "gpt-4.1-mini" : "openai-1")
    }
}

extension CatalogKind {
    fileprivate var schema: JSONSchema { self == .model ? .model : .account }
    fileprivate var article: String { self == .model ? "A" : "An" }
}

extension [APIRefusal] {
    static var noMasterKey: Self {
        [
            APIRefusal(
                .serviceUnavailable, .server, "no_master_key", "The service has no MASTER_KEY to seal a key with.")
        ]
    }

    static var modelNotFound: Self {
        [
            APIRefusal(
                .notFound, .invalidRequest, "model_not_found", CatalogSnapshot.unknown("nobody"), param: "model")
        ]
    }
}
