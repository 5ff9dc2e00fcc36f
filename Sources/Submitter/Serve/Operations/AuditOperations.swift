import Shared

/// The entry of the audit log.
extension APIOperation {
    static var listAudit: APIOperation {
        APIOperation(
            "listAudit", .audit, "Changes of models, accounts and budgets with their authors, newest first",
            parameters: [
                .query("kind", .words(AuditKind.self), "Only these rows."),
                .query("subject", .string, "Only the row of this id.", example: "openai-1"), .limit(),
            ],
            answers: [
                .ok("The changes.", .page(of: .change), example: ["object": "list", "data": [Self.change]])
            ],
            refusals: [.values, .databaseAway])
    }

    private static let change: JSON = [
        "id": 17, "at": Samples.milliseconds, "actor": "jane", "action": "disable", "kind": "account",
        "subject": "openai-1", "reason": "too many errors", "before": ["status": "active"],
        "after": ["status": "disabled"],
    ]
}

extension JSONSchema {
    /// `true` or `false` in a query.
    static var flag: JSONSchema { .boolean.defaulting(to: false) }

    fileprivate static var change: JSONSchema {
        .named("CatalogChange") {
            .object([
                .must("id", .integer), .must("at", .moment), .must("actor", .string.orNull),
                .must("action", .string.orNull, "`create`, `update`, `disable`, …"), .must("kind", .string.orNull),
                .must("subject", .string.orNull, "The row's id."), .must("reason", .string.orNull),
                .must("before", .any), .must("after", .any),
            ])
        }
    }
}
