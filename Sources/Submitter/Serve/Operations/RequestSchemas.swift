import Shared

/// Bodies of requests to models beside OpenAI's chat.
extension JSONSchema {
    /// The body of `/api/v1`, which has members of its own around OpenAI's.
    static var nativeRequest: JSONSchema {
        .named("NativeRequest") {
            .object(
                [
                    .must("model_name", .modelName), .must("messages", .messages),
                    .may(
                        "parameters", .anyOf([.object(chatParameters + streamParameters), .null]),
                        "All other members of OpenAI's body."),
                    .may("user_id", .text(upTo: Bounds.user).orNull, "The caller's user, for the books."),
                    .may("stream", .boolean.orNull),
                ] + routeOptions, isOpen: false)
        }
    }

    /// The native body's members beside the model's own.
    static var routeOptions: [Member] {
        [
            .may("provider", .anyOf([.words(Provider.self), .null]), "The platform to use."),
            .may(
                "routing_strategy", .anyOf([.words(RoutingStrategyName.self), .null]),
                "How models of the name are put in order."),
            .may("deadline_ms", .whole(1...86_400_000).orNull, "Milliseconds that the request has."),
            .may("priority", .anyOf([.words(Lane.self), .null]), "The lane of the queue."),
            .may("background", .boolean.orNull, "The request runs on when its caller leaves."),
            .may(
                "on_worker_loss", .anyOf([.words(Job.WorkerLossPolicy.self), .null]),
                "After a worker died in the middle of an answer."),
            .may("cache_ttl", .whole(0...Job.maxCacheTTL).orNull, "Seconds for which the answer may be kept."),
        ]
    }

    static var textRequest: JSONSchema {
        .named("TextRequest") {
            .object(
                [
                    .must("model", .modelName),
                    .must(
                        "prompt", .anyOf([.string, .list(of: .string, from: 1, upTo: 1)]), "A text, or a list of one."),
                    .may("max_tokens", .integer.orNull, "Tokens of the answer at most; the model's own limit without."),
                    .may("temperature", .number.orNull), .may("top_p", .number.orNull),
                    .may("n", .whole(1...128).orNull), .may("seed", .integer.orNull),
                    .may("stop", .anyOf([.string, .list(of: .string, upTo: 64), .null])),
                ] + streamParameters + [.may("user", .text(upTo: Bounds.user).orNull)])
        }
    }

    static var embeddingsRequest: JSONSchema {
        .named("EmbeddingsRequest") {
            let (text, tokens) = (JSONSchema.text(from: 1), JSONSchema.list(of: .integer, from: 1))
            return .object([
                .must("model", .modelName),
                .must(
                    "input", .anyOf([text, .list(of: .anyOf([text, tokens]), from: 1), tokens]),
                    "A text, up to 2048 of them, or token numbers, which only OpenAI understands."),
                .may("encoding_format", .anyOf([.oneOf(["float", "base64"]), .null])),
                .may("dimensions", .whole(1...65_536).orNull),
                .may("user", .text(upTo: Bounds.user).orNull),
            ])
        }
    }
}
