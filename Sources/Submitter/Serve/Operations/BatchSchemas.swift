import Shared

/// Files and batches in OpenAI's shape, with members of our own.
extension JSONSchema {
    static var upload: JSONSchema {
        .object([
            .must("file", .string.adding("format", "binary"), "Requests, one a line."),
            .must("purpose", .only("batch")),
            .may("expires_after[anchor]", .only("created_at"), "With `expires_after[seconds]`."),
            .may("expires_after[seconds]", .whole(UploadForm.lives), "How long the file is kept."),
        ])
    }

    static var file: JSONSchema {
        .named("File") {
            .object([
                .must("id", .string), .must("object", .only("file")), .must("bytes", .integer),
                .must("created_at", .second), .must("expires_at", .second), .must("filename", .string),
                .must("purpose", .oneOf(["batch", BatchFile.resultPurpose])),
                .must("status", .string), .must("status_details", .any),
            ])
        }
    }

    static var deleted: JSONSchema {
        .object([.must("id", .string), .must("object", .only("file")), .must("deleted", .boolean)])
    }

    /// Beside the rows of a page.
    static var cursors: [Member] {
        [.must("first_id", .string.orNull), .must("last_id", .string.orNull), .must("has_more", .boolean)]
    }

    static var batchRequest: JSONSchema {
        .named("BatchRequest") {
            let life: [Member] = [
                .must("anchor", .only("created_at")), .must("seconds", .whole(UploadForm.lives)),
            ]
            let asked: [Member] = [
                .must("input_file_id", .text(matching: "^[A-Za-z0-9._-]{1,\(Bounds.id)}$")),
                .must("endpoint", .oneOf(Job.Operation.allCases.map(\.endpoint))),
                .must("completion_window", .text(matching: "^[1-9][0-9]{0,4}[mhd]$"), "`24h`, up to 30 days."),
                .may("metadata", .anyOf([.map(of: .text(upTo: 512)), .null]), "Up to 16 pairs."),
                .may("output_expires_after", .anyOf([.object(life), .null]), "How long results are kept."),
            ]
            return .object(asked + batchOptions)
        }
    }

    /// Members that OpenAI's request has not.
    private static var batchOptions: [Member] {
        [
            .may("concurrency", .whole(BatchOptions.concurrencies).orNull, "Lines in the queue at once."),
            .may("rpm", .whole(BatchOptions.rates).orNull, "Requests a minute."),
            .may("tpm", .whole(BatchOptions.rates).orNull, "Tokens a minute."),
            .may(
                "max_cost", .number.adding("exclusiveMinimum", 0).orNull,
                "The batch ends before its cost would exceed this, in the currency of the models' prices."),
            .may(
                "priority", .whole(BatchOptions.priorities).defaulting(to: .int(BatchOptions.usualPriority)).orNull,
                "Share beside the tenant's other batches."),
            .may("routing_strategy", .anyOf([.words(RoutingStrategyName.self), .null])),
            .may("provider", .anyOf([.words(Provider.self), .null])),
            .may("cache_ttl", .whole(0...Job.maxCacheTTL).orNull, "Seconds for which answers may be kept."),
        ]
    }

    static var batch: JSONSchema {
        .named("Batch") {
            let head: [Member] = [
                .must("id", .string), .must("object", .only("batch")), .must("endpoint", .string),
                .must("model", .any), .must("errors", .anyOf([.object, .null])), .must("input_file_id", .string),
                .must("completion_window", .string), .must("status", .words(Batch.Status.self)),
                .must("output_file_id", .string.orNull, "Once it has ended, where lines were answered."),
                .must("error_file_id", .string.orNull, "Once it has ended, where lines failed."),
            ]
            let sums: [Member] = [
                .must(
                    "request_counts",
                    .object([
                        .must("total", .integer), .must("completed", .integer), .must("failed", .integer),
                    ])),
                .must("usage", .batchUsage), .must("cost", .map(of: .number), "By currency."),
                .must("metadata", .anyOf([.map(of: .string), .null])),
                .may("halt", .words(Batch.Halt.self), "Why the rest of the lines was not sent."),
            ]
            return .object(head + times + sums)
        }
    }

    private static var times: [Member] {
        [
            "created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
            "cancelling_at", "cancelled_at",
        ].map { .must($0, .second.orNull) }
    }

    private static var batchUsage: JSONSchema {
        .object([
            .must("input_tokens", .integer), .must("output_tokens", .integer), .must("total_tokens", .integer),
            .must("input_tokens_details", .object([.must("cached_tokens", .integer)])),
            .must("output_tokens_details", .object([.must("reasoning_tokens", .integer)])),
        ])
    }
}
