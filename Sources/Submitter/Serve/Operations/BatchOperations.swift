import HTTPTypes
import Shared

/// The entries of `/v1/files` and `/v1/batches`.
extension APIOperation {
    static var uploadFile: APIOperation {
        APIOperation(
            "uploadFile", .batches, "Upload a file of requests",
            details: "One request a line, as OpenAI's batches have them. Fields may come in any order.",
            parameters: [.tenant],
            body: APIBody(contents: [APIContent(type: "multipart/form-data", schema: .upload)]),
            answers: [.ok("The file.", .file, example: Self.file)],
            refusals: [.values, .body, .form, .notFound("such file"), .databaseAway])
    }

    static var listFiles: APIOperation {
        APIOperation(
            "listFiles", .batches, "Files, and results of batches",
            parameters: [
                .tenant, .query("purpose", .string, "`batch`, or `batch_output` for results.", example: "batch"),
                .limit(1...10_000, default: 10_000), .after("file", example: Samples.file),
                .query("order", .oneOf(["asc", "desc"]).defaulting(to: "desc"), "By the time they were made."),
            ],
            answers: [.ok("A page of files.", .page(of: .file, JSONSchema.cursors), example: Self.page(Self.file))],
            refusals: [.values, .databaseAway])
    }

    static var showFile: APIOperation {
        APIOperation(
            "showFile", .batches, "A file", parameters: [.file, .tenant],
            answers: [.ok("The file.", .file, example: Self.file)],
            refusals: [.values, .notFound("such file"), .databaseAway])
    }

    static var deleteFile: APIOperation {
        APIOperation(
            "deleteFile", .batches, "Delete a file", details: "Results go with their batch.",
            parameters: [.file, .tenant],
            answers: [
                .ok(
                    "It is deleted.", .deleted,
                    example: ["id": .string(Samples.file), "object": "file", "deleted": true])
            ],
            refusals: [
                .values, .notFound("such file"), .databaseAway,
                [
                    APIRefusal(
                        .invalid(nil, "Results are kept with their batch until they expire.", code: "result_file")),
                    APIRefusal(
                        .conflict, .invalidRequest, "file_in_use",
                        "The file is the input of a batch that has not ended."),
                ],
            ])
    }

    static var downloadFile: APIOperation {
        APIOperation(
            "downloadFile", .batches, "The content of a file, byte for byte", parameters: [.file, .tenant],
            answers: [
                APIAnswer(
                    status: 200, text: "Its lines. A download that breaks has no last chunk.",
                    contents: [APIContent(type: "application/octet-stream", schema: .string)])
            ],
            refusals: [.values, .notFound("such file"), .databaseAway])
    }

    static var createBatch: APIOperation {
        APIOperation(
            "createBatch", .batches, "Run a file of requests",
            details: "Every line is an ordinary request in the lane `batch`, at its ordinary price.",
            parameters: [.tenant, .idempotencyKey],
            body: .json(
                .batchRequest,
                example: [
                    "input_file_id": .string(Samples.file), "endpoint": "/v1/chat/completions",
                    "completion_window": "24h", "metadata": ["team": "search"], "max_cost": 5,
                ]),
            answers: [.ok("The batch.", .batch, example: Self.batch)],
            refusals: [.jsonBody, [APIRefusal(.idempotencyConflict)], .databaseAway])
    }

    static var listBatches: APIOperation {
        APIOperation(
            "listBatches", .batches, "Batches, newest first",
            parameters: [.tenant, .limit(1...100, default: 20), .after("batch", example: Samples.batch)],
            answers: [.ok("A page of batches.", .page(of: .batch, JSONSchema.cursors), example: Self.page(Self.batch))],
            refusals: [.values, .databaseAway])
    }

    static var showBatch: APIOperation {
        APIOperation(
            "showBatch", .batches, "A batch", parameters: [.batch, .tenant],
            answers: [.ok("The batch.", .batch, example: Self.batch)],
            refusals: [.values, .notFound("such batch"), .databaseAway])
    }

    static var cancelBatch: APIOperation {
        APIOperation(
            "cancelBatch", .batches, "Cancel a batch", details: "Lines on their way end, the others are not sent.",
            parameters: [.batch, .tenant],
            answers: [.ok("The batch.", .batch, example: Self.batch)],
            refusals: [
                .values, .notFound("such batch"), .databaseAway,
                [
                    APIRefusal(
                        .conflict, .invalidRequest, "batch_ended",
                        "The batch is completed: it cannot be cancelled any more.")
                ],
            ])
    }

    // MARK: - Examples

    private static let file: JSON = [
        "id": .string(Samples.file), "object": "file", "bytes": 1205, "created_at": Samples.seconds,
        "expires_at": 1_797_994_823, "filename": "in.jsonl", "purpose": "batch", "status": "processed",
        "status_details": .null,
    ]

    private static var batch: JSON {
        var batch = Batch(
            id: Samples.batch, tenant: "default", inputFile: Samples.file, operation: .chat, status: .inProgress)
        batch.options.window = "24h"
        batch.metadata = ["team": "search"]
        batch.counts.total = 100
        batch.counts.succeeded = 42
        batch.counts.cost = ["USD": 0.31]
        (batch.times.created, batch.times.deadline) = (1_795_402_823_000, 1_795_489_223_000)
        batch.times.inProgress = 1_795_402_824_000
        return batch.openAI
    }

    private static func page(_ row: JSON) -> JSON {
        let id = row["id"] ?? .null
        return ["object": "list", "data": [row], "first_id": id, "last_id": id, "has_more": false]
    }
}

extension APIParameter {
    fileprivate static var file: APIParameter { .id("The file's id.", example: .string(Samples.file)) }
    fileprivate static var batch: APIParameter { .id("The batch's id.", example: .string(Samples.batch)) }
}

extension [APIRefusal] {
    /// A form that is not what it says.
    fileprivate static var form: Self {
        [
            APIRefusal(
                .invalid(nil, "The form is not valid: its last boundary is missing.", code: "invalid_multipart")),
            APIRefusal(.invalid("file", "file: expected a file.", code: "missing_required_parameter")),
        ]
    }
}
