import Shared

/// The entries of the audit log and of alerts.
extension APIOperation {
    static var listAudit: APIOperation {
        APIOperation(
            "listAudit", .audit, "Changes of the catalogue with their authors, newest first",
            parameters: [
                .query("kind", .words(CatalogKind.self), "Only these rows."),
                .query("subject", .string, "Only the row of this id.", example: "openai-1"), .limit(),
            ],
            answers: [
                .ok("The changes.", .page(of: .change), example: ["object": "list", "data": [Self.change]])
            ],
            refusals: [.values, .databaseAway])
    }

    static var listAlerts: APIOperation {
        APIOperation(
            "listAlerts", .audit, "Alerts, newest first",
            parameters: [.query("open", .flag, "Only those that were not cleared."), .limit()],
            answers: [.ok("The alerts.", .page(of: .alert), example: ["object": "list", "data": [Self.alert]])],
            refusals: [.values, .databaseAway])
    }

    private static let change: JSON = [
        "id": 17, "at": Samples.milliseconds, "actor": "jane", "action": "disable", "kind": "account",
        "subject": "openai-1", "reason": "too many errors", "before": ["status": "active"],
        "after": ["status": "disabled"],
    ]

    private static let alert: JSON = [
        "id": 3, "kind": "account_disabled", "subject": "openai-1", "severity": "critical",
        "message": "The platform refuses the key of openai-1.", "details": [:], "count": 2,
        "raised_at": Samples.milliseconds, "last_at": 1_795_402_853_123, "cleared_at": .null,
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

    static var alert: JSONSchema {
        .named("Alert") {
            .object([
                .must("id", .integer), .must("kind", .string), .must("subject", .string),
                .must("severity", .words(AlertSeverity.self)), .must("message", .string), .must("details", .any),
                .must("count", .integer, "Times that its condition was found."), .must("raised_at", .moment),
                .must("last_at", .moment), .must("cleared_at", .moment.orNull, "Null while it is open."),
            ])
        }
    }
}
