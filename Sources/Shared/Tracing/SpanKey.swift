/// The names of attributes of spans.
///
/// Those of models are of OpenTelemetry's GenAI conventions v0.1.0 (November 2026, status development), all others of
/// its conventions v1.45. Names of models have changed with nearly each release, so they stand only here.
package enum SpanKey {
    package static let schema = "https://opentelemetry.io/schemas/1.45.0"

    package static let errorType = "error.type"
    package static let serverAddress = "server.address"
    package static let serverPort = "server.port"

    // MARK: - HTTP

    package static let method = "http.request.method"
    package static let originalMethod = "http.request.method_original"
    package static let route = "http.route"
    package static let status = "http.response.status_code"
    package static let path = "url.path"
    package static let scheme = "url.scheme"
    package static let userAgent = "user_agent.original"

    // MARK: - The queue

    package static let messagingSystem = "messaging.system"
    package static let destination = "messaging.destination.name"
    package static let messageID = "messaging.message.id"
    package static let messagingOperation = "messaging.operation.name"
    package static let messagingOperationType = "messaging.operation.type"

    // MARK: - Models

    package static let operation = "gen_ai.operation.name"
    package static let provider = "gen_ai.provider.name"
    package static let requestModel = "gen_ai.request.model"
    package static let requestStream = "gen_ai.request.stream"
    package static let choiceCount = "gen_ai.request.choice.count"
    package static let seed = "gen_ai.request.seed"
    package static let maxTokens = "gen_ai.request.max_tokens"
    package static let temperature = "gen_ai.request.temperature"
    package static let topP = "gen_ai.request.top_p"
    package static let frequencyPenalty = "gen_ai.request.frequency_penalty"
    package static let presencePenalty = "gen_ai.request.presence_penalty"
    package static let reasoningLevel = "gen_ai.request.reasoning.level"
    package static let outputType = "gen_ai.output.type"
    package static let responseID = "gen_ai.response.id"
    package static let responseModel = "gen_ai.response.model"
    package static let finishReasons = "gen_ai.response.finish_reasons"
    package static let timeToFirstChunk = "gen_ai.response.time_to_first_chunk"
    package static let inputTokens = "gen_ai.usage.input_tokens"
    package static let outputTokens = "gen_ai.usage.output_tokens"
    package static let cachedTokens = "gen_ai.usage.cache_read.input_tokens"
    package static let cacheWriteTokens = "gen_ai.usage.cache_write.input_tokens"
    package static let reasoningTokens = "gen_ai.usage.reasoning.output_tokens"

    // MARK: - Our own

    package static let lane = "aims.lane"
    package static let attempt = "aims.attempt"
    package static let attempts = "aims.attempts"
    package static let account = "aims.account"
    package static let waitSeconds = "aims.wait_seconds"
    package static let outcome = "aims.outcome"
    package static let isEstimated = "aims.usage.estimated"
    package static let requestID = "aims.request_id"
    package static let isCached = "aims.cached"
}
