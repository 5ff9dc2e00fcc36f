import Shared

/// The entries of `/api/v1/jobs`.
extension APIOperation {
    static var createJob: APIOperation {
        APIOperation(
            "createJob", .jobs, "Queue a request and come back for its answer",
            details: "Takes the native body, or an OpenAI body with the native members beside its own.",
            parameters: .call,
            body: .json(
                .anyOf([.nativeRequest, .jobRequest]),
                [
                    ("The native body", ["model_name": "sandbox", "messages": Samples.messages]),
                    ("OpenAI's body", ["model": "sandbox", "messages": Samples.messages, "priority": "batch"]),
                ]),
            answers: [
                APIAnswer(
                    status: 202, text: "Queued, or the job that a request with the same `Idempotency-Key` made before.",
                    contents: [.json(.job, example: Self.queued)],
                    headers: [.location, .jobID, .queuePosition, .queueWait])
            ],
            refusals: [.jsonBody, .submission, .notFound("such job")])
    }

    static var showJob: APIOperation {
        APIOperation(
            "showJob", .jobs, "The state of a job, and its answer once it has ended", parameters: [.job, .tenant],
            answers: [report("The job.", Self.done)], refusals: [.values, .notFound("such job"), .redisAway])
    }

    static var cancelJob: APIOperation {
        APIOperation(
            "cancelJob", .jobs, "Cancel a job", details: "A job that has ended stays as it is.",
            parameters: [.job, .tenant], answers: [report("The job in its last state.", Self.cancelled)],
            refusals: [.values, .notFound("such job"), .redisAway])
    }

    static var streamJob: APIOperation {
        APIOperation(
            "streamJob", .jobs, "The answer of a job as a stream",
            details:
                "From the start, or from the event after `Last-Event-ID`. A job that failed has its error's status.",
            parameters: [
                .job, .tenant,
                .header("Last-Event-ID", .cursor, "The `id:` of the last event that was read.", example: "1-3"),
                .query("last_event_id", .cursor, "The same, where headers cannot be set."),
                .query(
                    "watch", .flag,
                    "Read along: the request neither goes on for this reader, nor is cancelled when it leaves."),
            ],
            answers: [.stream(of: .completionChunk, "data: [DONE]\n\n")], refusals: [.values, .answer, .redisAway])
    }

    private static func report(_ text: String, _ example: JSON) -> APIAnswer {
        .ok(text, .job, example: example, headers: [.jobID, .queuePosition, .queueWait])
    }

    // MARK: - Examples

    private static let queued: JSON = [
        "id": .string(Samples.job), "object": "job", "status": "queued", "links": Samples.jobLinks,
    ]

    private static var done: JSON {
        let head: JSON = [
            "id": .string(Samples.job), "object": "job", "status": "done", "links": Samples.jobLinks,
        ]
        return head.and(Samples.routeMembers).and(["usage": Samples.usage, "result": Samples.completion])
    }

    private static var cancelled: JSON {
        let error: JSON = [
            "message": "The request was cancelled.", "type": "invalid_request_error", "code": "cancelled",
            "param": .null, "request_id": .string(Samples.job),
        ]
        return [
            "id": .string(Samples.job), "object": "job", "status": "cancelled", "links": Samples.jobLinks,
            "usage": TokenUsage().openAI, "error": error, "error_status": 499,
        ]
    }
}

extension APIParameter {
    fileprivate static var job: APIParameter {
        .id("The job's id, or that of a completion.", example: .string(Samples.job))
    }
}

extension JSONSchema {
    fileprivate static var cursor: JSONSchema { .text(matching: "^[0-9]{1,10}-[0-9]{1,10}$") }

    /// OpenAI's body with the native members that are no model's beside its own.
    fileprivate static var jobRequest: JSONSchema {
        .named("JobRequest") {
            .object(
                [.must("model", .modelName), .must("messages", .messages)] + chatParameters + streamParameters
                    + [.may("user", .text(upTo: Bounds.user).orNull)] + routeOptions)
        }
    }

    static var job: JSONSchema {
        .named("Job") {
            let head: [Member] = [
                .must("id", .string), .must("object", .only("job")),
                .must("status", .oneOf(["queued", "running", "done", "error", "cancelled"])),
                .must("links", .object([.must("self", .string), .must("stream", .string)])),
                .may("attempt", .integer, "Of a job that has not ended: calls of platforms so far."),
                .may(
                    "queue",
                    .object([.must("position", .integer), .must("expected_wait_ms", .integer.orNull)]),
                    "Of a job that waits: its place, where 1 is next."),
            ]
            let end: [Member] = [
                .may("usage", .usage), .may("usage_estimated", .boolean),
                .may("result", .anyOf([.completion, .vectors, .null]), "The answer, where `status` is `done`."),
                .may("error", .object, "As in an error's answer."),
                .may("error_status", .integer, "The HTTP status of that answer."),
            ]
            return .object(head + routeMembers + end)
        }
    }
}
