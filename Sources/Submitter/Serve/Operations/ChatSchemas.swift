import Shared

/// OpenAI's chat request, as far as this service looks at it.
extension JSONSchema {
    /// The members of a request beside model and messages.
    ///
    /// Others are passed on, so that a platform's own can be used.
    static var chatParameters: [Member] {
        [
            .may("temperature", .number.orNull),
            .may("top_p", .number.orNull),
            .may("presence_penalty", .number.orNull),
            .may("frequency_penalty", .number.orNull),
            .may("max_completion_tokens", .integer.orNull, "Tokens of an answer at most."),
            .may("max_tokens", .integer.orNull, "The older name of `max_completion_tokens`."),
            .may("n", .whole(1...128).orNull, "Answers to the same prompt."),
            .may("seed", .integer.orNull),
            .may("stop", .anyOf([.string, .list(of: .string, upTo: 64), .null]), "Texts that end an answer."),
            .may("logprobs", .boolean.orNull),
            .may("top_logprobs", .integer.orNull),
            .may("tools", .anyOf([.list(of: .tool), .null])),
            .may("tool_choice", .anyOf([.string, .object, .null]), "`auto`, `none`, `required`, or a function."),
            .may("parallel_tool_calls", .boolean.orNull),
            .may("response_format", .anyOf([.responseFormat, .null])),
            .may("reasoning_effort", .string.orNull, "How long the model thinks, as in `low` or `high`."),
        ]
    }

    static var streamParameters: [Member] {
        [
            .may("stream", .boolean.orNull, "The answer comes as server-sent events."),
            .may(
                "stream_options",
                .anyOf([
                    .object([
                        .may("include_usage", .boolean.orNull, "The chunk before the end carries the usage.")
                    ]), .null,
                ]), "Only of streams."),
        ]
    }

    static var chatRequest: JSONSchema {
        .named("ChatRequest") {
            .object(
                [.must("model", .modelName), .must("messages", .messages)] + chatParameters + streamParameters
                    + [.may("user", .text(upTo: Bounds.user).orNull, "The caller's user, for the books.")])
        }
    }

    /// A model by name, alias or id.
    static var modelName: JSONSchema { .text(from: 1, upTo: 256).described("A model by name, alias or id.") }

    static var messages: JSONSchema { .list(of: .message, from: 1).described("10,000 at most.") }

    private static var message: JSONSchema {
        .named("Message") {
            .object([
                .must(
                    "role", .text(from: 1, upTo: 64),
                    "`system`, `developer`, `user`, `assistant`, `tool`, or a platform's own."),
                .may(
                    "content", .anyOf([.string, .list(of: .contentPart, from: 1), .null]),
                    "Only an assistant's may be missing."),
                .may("name", .string.orNull),
                .may("tool_calls", .anyOf([.list(of: .toolCall), .null]), "An assistant's calls of functions."),
                .may("tool_call_id", .string.orNull, "The call that a `tool` message answers."),
                .may("reasoning_content", .string.orNull, "The model's thinking, sent back as it came."),
            ])
        }
    }

    private static var contentPart: JSONSchema {
        .named("ContentPart") {
            .object([
                .must("type", .string, "`text`, `image_url`, or a platform's own."),
                .may("text", .string),
                .may("image_url", .object([.must("url", .string, "An address, or the image as a data URL.")])),
            ])
        }
    }

    private static var tool: JSONSchema {
        .named("Tool") {
            .object([
                .must("type", .string, "`function`, or a platform's own tool."),
                .may(
                    "function",
                    .object([
                        .must("name", .text(from: 1, upTo: 256)),
                        .may("description", .string),
                        .may("parameters", .object, "A JSON Schema of the arguments."),
                    ])),
            ])
        }
    }

    static var toolCall: JSONSchema {
        .named("ToolCall") {
            .object([
                .must("id", .string),
                .may("type", .string),
                .may(
                    "function",
                    .object([.must("name", .string), .may("arguments", .string, "JSON, as the model wrote it.")])),
            ])
        }
    }

    private static var responseFormat: JSONSchema {
        .object([
            .must("type", .string, "`text`, `json_object` or `json_schema`."),
            .may("json_schema", .object, "The schema, with its name."),
        ])
    }
}
