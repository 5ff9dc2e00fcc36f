import Shared

/// Answers of models in OpenAI's shape.
///
/// Platforms add members of their own, which come through.
extension JSONSchema {
    static var completion: JSONSchema { .named("ChatCompletion") { .object(completionMembers) } }

    private static var completionMembers: [Member] {
        [
            .must("id", .string), .must("object", .only("chat.completion")), .must("created", .second),
            .must("model", .string, "The model that answered, in its platform's words."),
            .must("choices", .list(of: .completionChoice)),
            .may("usage", .usage),
        ]
    }

    private static var completionChoice: JSONSchema {
        .object([
            .must("index", .integer),
            .must(
                "message",
                .object([
                    .must("role", .string), .must("content", .string.orNull),
                    .may("refusal", .string.orNull),
                    .may("reasoning_content", .string.orNull, "The model's thinking."),
                    .may("tool_calls", .anyOf([.list(of: .toolCall), .null])),
                ])),
            .must("finish_reason", .string.orNull, "`stop`, `length`, `tool_calls`, `content_filter`."),
            .may("logprobs", .any),
        ])
    }

    /// The same with the native API's members beside OpenAI's.
    static var nativeCompletion: JSONSchema {
        .named("NativeCompletion") { .object(routeMembers + completionMembers) }
    }

    static var routeMembers: [Member] {
        [
            .may("provider", .string.orNull, "The platform that answered, or `cache`."),
            .may("account", .string.orNull),
            .may("cost", .number.orNull, "Of all attempts together, in `currency`."),
            .may("currency", .string.orNull),
            .may("attempts", .anyOf([.list(of: .attempt), .null]), "Every call of a platform that was made for it."),
            .may("cached", .boolean, "Where a kept answer was looked for: it was one."),
            .may("dropped_params", .list(of: .string), "Parameters that the model does not take."),
        ]
    }

    private static var attempt: JSONSchema {
        .named("Attempt") {
            .object([
                .must("attempt", .integer), .must("model", .string), .must("provider", .string),
                .must("account", .string),
                .must(
                    "error", .anyOf([.words(JobFailure.Kind.self), .null]), "Why it gave no answer, or null."),
                .must("ms", .integer), .must("cost", .number.orNull),
            ])
        }
    }

    static var usage: JSONSchema {
        .named("Usage") {
            .object([
                .must("prompt_tokens", .integer, "Tokens of the prompt, cached ones included."),
                .may("completion_tokens", .integer, "Tokens of the answer, thinking included."),
                .must("total_tokens", .integer),
                .may("prompt_tokens_details", .anyOf([.object([.may("cached_tokens", .integer.orNull)]), .null])),
                .may(
                    "completion_tokens_details",
                    .anyOf([.object([.may("reasoning_tokens", .integer.orNull)]), .null])),
                .may("cache_creation_input_tokens", .integer.orNull, "Tokens written to the platform's prompt cache."),
            ])
        }
    }

    // MARK: - Streams

    /// A stream whose `data:` lines are `chunk`s.
    ///
    /// Without a type: some programs take it for the schema of the whole text, others for that of each event.
    static func events(of chunk: JSONSchema) -> JSONSchema {
        any.described(
            "Server-sent events. Each `data:` line is a chunk, and the last event of a log record has an `id:`, the "
                + "cursor for `Last-Event-ID`. The stream ends with `data: [DONE]`, or with one `data: {\"error\":{…}}` "
                + "and no `[DONE]`. Lines that begin with a colon are comments."
        )
        .adding("contentMediaType", "text/event-stream").adding("contentSchema", chunk)
    }

    static var completionChunk: JSONSchema {
        .named("ChatCompletionChunk") {
            .object([
                .must("id", .string), .must("object", .only("chat.completion.chunk")), .must("created", .second),
                .must("model", .string),
                .must(
                    "choices",
                    .list(
                        of: .object([
                            .must("index", .integer),
                            .must(
                                "delta",
                                .object([
                                    .may("role", .string), .may("content", .string.orNull),
                                    .may("reasoning_content", .string.orNull),
                                    .may("tool_calls", .list(of: .object)),
                                ])),
                            .must("finish_reason", .string.orNull),
                        ]))),
                .may("usage", .anyOf([.usage, .null])),
            ])
        }
    }

    // MARK: - Texts and vectors

    static var textCompletion: JSONSchema {
        .named("TextCompletion") {
            .object([
                .must("id", .string.orNull), .must("object", .only("text_completion")), .may("created", .second),
                .may("model", .string),
                .must(
                    "choices",
                    .list(
                        of: .object([
                            .must("text", .string), .must("index", .integer), .must("logprobs", .any),
                            .must("finish_reason", .anyOf([.oneOf(["stop", "length", "content_filter"]), .null])),
                        ]))),
                .may("usage", .usage),
            ])
        }
    }

    static var vectors: JSONSchema {
        .named("Embeddings") {
            .object([
                .must("object", .only("list")), .must("model", .string),
                .must(
                    "data",
                    .list(
                        of: .object([
                            .must("object", .only("embedding")), .must("index", .integer),
                            .must(
                                "embedding", .anyOf([.list(of: .number), .string]),
                                "Numbers, or base64 of little-endian float32."),
                        ]))),
                .must("usage", .usage),
            ])
        }
    }
}
