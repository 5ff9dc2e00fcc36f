import Shared

/// The entries of alerts and their silences.
extension APIOperation {
    static var listAlerts: APIOperation {
        APIOperation(
            "listAlerts", .audit, "Alerts, newest first",
            parameters: [
                .query("open", .flag, "Only those that were not cleared."),
                .query("kind", .words(AlertKind.self), "Only these."),
                .query("before", .whole(1...Int.max), "The last one of the page before, by its id.", example: 12),
                .limit(),
            ],
            answers: [
                .ok(
                    "A page of them.", .page(of: .alert, [.must("has_more", .boolean)]),
                    example: ["object": "list", "data": [Self.alert], "has_more": false])
            ],
            refusals: [.values, .databaseAway])
    }

    static var listSilences: APIOperation {
        APIOperation(
            "listSilences", .audit, "Silences that have not ended, the next to end first", parameters: [.limit()],
            answers: [
                .ok("The silences.", .page(of: .silence), example: ["object": "list", "data": [Self.silence]])
            ],
            refusals: [.values, .databaseAway])
    }

    static var createSilence: APIOperation {
        APIOperation(
            "createSilence", .audit, "Silence alerts for a time",
            details: "Silenced alerts are raised, stored and cleared as ever. No message about them is sent.",
            parameters: [.actor],
            body: .json(
                .silenceDraft,
                example: ["kind": "health_low", "subject": "openai-*", "seconds": 3600, "reason": "maintenance"]),
            answers: [
                APIAnswer(status: 201, text: "It holds.", contents: [.json(.silence, example: Self.silence)])
            ],
            refusals: [.jsonBody, .databaseAway])
    }

    static var endSilence: APIOperation {
        APIOperation(
            "endSilence", .audit, "End a silence before its time",
            parameters: [.id("The silence's id.", .whole(1...Int.max), example: 5)],
            answers: [APIAnswer(status: 204, text: "It has ended.")],
            refusals: [.values, .notFound("such silence"), .databaseAway])
    }

    private static let alert: JSON = [
        "id": 3, "kind": "account_disabled", "subject": "openai-1", "severity": "critical",
        "message": "The platform refuses the key of openai-1.", "details": [:], "count": 2,
        "raised_at": Samples.milliseconds, "last_at": 1_795_402_853_123, "cleared_at": .null,
        "notified_at": 1_795_402_854_009, "silenced": false,
    ]

    private static let silence: JSON = [
        "id": 5, "kind": "health_low", "subject": "openai-*", "reason": "maintenance", "actor": "jane",
        "created_at": Samples.milliseconds, "until": 1_795_406_453_123,
    ]
}

extension JSONSchema {
    static var alert: JSONSchema {
        .named("Alert") {
            .object([
                .must("id", .integer), .must("kind", .string), .must("subject", .string),
                .must("severity", .words(AlertSeverity.self)), .must("message", .string), .must("details", .any),
                .must("count", .integer, "Times that its condition was found."), .must("raised_at", .moment),
                .must("last_at", .moment), .must("cleared_at", .moment.orNull, "Null while it is open."),
                .must("notified_at", .moment.orNull, "Null until a message about it was delivered."),
                .must("silenced", .boolean),
            ])
        }
    }

    fileprivate static var silence: JSONSchema {
        .named("Silence") {
            .object([
                .must("id", .integer), .must("kind", .string), .must("subject", .string),
                .must("reason", .string.orNull), .must("actor", .string), .must("created_at", .moment),
                .must("until", .moment),
            ])
        }
    }

    fileprivate static var silenceDraft: JSONSchema {
        .object([
            .may("kind", .string, "A kind of alerts, or a pattern with `*`."),
            .may("subject", .string, "What the alert is about, or a pattern with `*`."),
            .may("until", .moment, "This or `seconds`."),
            .may("seconds", .whole(1...Int(AlertSilence.Draft.longest.components.seconds)), "From now."),
            .may("reason", .string.orNull),
        ])
    }
}
