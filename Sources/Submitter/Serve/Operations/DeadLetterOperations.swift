import HTTPTypes
import Shared

/// The entries of `/api/v1/queue/dead`.
extension APIOperation {
    static var listDeadLetters: APIOperation {
        APIOperation(
            "listDeadLetters", .deadLetters, "Dead letters, newest first",
            parameters: [
                .why, .limit(),
                .query(
                    "before", .deadLetterID, "The last one of the page before.", example: .string(Samples.deadLetter)),
            ],
            answers: [
                .ok(
                    "A page of them, without prompts.",
                    .page(of: .deadLetter, [.must("total", .integer, "Of all dead letters.")]),
                    example: ["object": "list", "total": 1, "data": [Self.letter]])
            ],
            refusals: [.values, .redisAway])
    }

    static var dropDeadLetters: APIOperation {
        APIOperation(
            "dropDeadLetters", .deadLetters, "Drop all that match",
            parameters: [.why, .query("all", .flag, "All of them, in place of `why`.")],
            answers: [Self.dropped], refusals: [.values, .redisAway])
    }

    static var showDeadLetter: APIOperation {
        APIOperation(
            "showDeadLetter", .deadLetters, "A dead letter with its fields",
            parameters: [.letter, .query("body", .flag, "With its body, which holds the prompt.")],
            answers: [.ok("The dead letter.", .deadLetterDetail, example: Self.letter.and(["fields": []]))],
            refusals: [.values, .notFound("such dead letter"), .redisAway])
    }

    static var dropDeadLetter: APIOperation {
        APIOperation(
            "dropDeadLetter", .deadLetters, "Drop a dead letter", parameters: [.letter], answers: [Self.dropped],
            refusals: [.values, .notFound("such dead letter"), .redisAway])
    }

    static var retryDeadLetter: APIOperation {
        APIOperation(
            "retryDeadLetter", .deadLetters, "Put a dead letter back to where it came from",
            details: "A request becomes a new job. A ledger row goes to the books once more.", parameters: [.letter],
            answers: [
                APIAnswer(
                    status: 202, text: "The new job, or the ledger row.",
                    contents: [
                        .json(.anyOf([.job, .queuedRow]), example: ["object": "ledger_row", "status": "queued"])
                    ],
                    headers: [.location, .jobID])
            ],
            refusals: [
                .values, .notFound("such dead letter"), .redisAway,
                [
                    APIRefusal(
                        .conflict, .invalidRequest, "not_retryable",
                        "This dead letter can only be dropped: it was written by a newer version.")
                ],
            ])
    }

    private static var dropped: APIAnswer {
        .ok("How many were dropped.", .object([.must("dropped", .integer)]), example: ["dropped": 1])
    }

    private static let letter: JSON = [
        "id": .string(Samples.deadLetter), "died_at": Samples.milliseconds, "why": "poison", "lane": "normal",
        "request_id": .string(Samples.job), "tenant": "default", "bytes": 812, "retryable": true, "obstacle": .null,
    ]
}

extension APIParameter {
    fileprivate static var why: APIParameter {
        .query("why", .string, "Only those that died of this.", example: "poison")
    }

    fileprivate static var letter: APIParameter {
        .id("The dead letter's id: `<shard>:<entry>`.", example: .string(Samples.deadLetter))
    }
}

extension JSONSchema {
    fileprivate static var deadLetterID: JSONSchema { .text(matching: "^[0-9]{1,4}:[0-9]{1,19}-[0-9]{1,19}$") }

    fileprivate static var deadLetter: JSONSchema { .named("DeadLetter") { .object(deadLetterMembers) } }

    fileprivate static var deadLetterDetail: JSONSchema {
        let field: [Member] = [.must("name", .string), .must("bytes", .integer), .may("value", .string)]
        return .object(
            deadLetterMembers + [
                .must("fields", .list(of: .object(field))),
                .may("body", .any, "The request, or null where it has expired."),
            ])
    }

    private static var deadLetterMembers: [Member] {
        [
            .must("id", .string), .must("died_at", .moment), .must("why", .string), .must("lane", .string),
            .must("request_id", .string.orNull), .must("tenant", .string.orNull), .must("bytes", .integer),
            .must("retryable", .boolean), .must("obstacle", .string.orNull, "Why it can only be dropped."),
        ]
    }

    fileprivate static var queuedRow: JSONSchema {
        .object([.must("object", .only("ledger_row")), .must("status", .only("queued"))])
    }
}
