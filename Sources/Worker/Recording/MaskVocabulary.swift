import Shared

/// The words that platforms use for the structure of a response, and that say nothing of its content.
///
/// Everything else is masked, so a missing entry costs a detail of a recording and reveals no secret.
enum MaskVocabulary {
    /// Members whose values are the platform's own words of letters, digits and `_.:/-`.
    static let names: Set<String> = [
        "role", "Role", "type", "Type", "object", "model", "Model", "code", "Code", "status", "Status", "error_code",
        "error_type", "finish_reason", "FinishReason", "native_finish_reason", "stop_reason", "service_tier",
        "result_format", "reasoning_effort", "effort", "encoding_format", "media_type", "detail", "event",
    ]

    /// Members that hold one of `words` or a name chosen by the caller.
    static let choices: Set<String> = ["tool_choice", "ToolChoice", "modalities"]

    /// Values kept in every such member, also inside content of callers and models (schemas, arguments).
    static let words: Set<String> = [
        "system", "user", "assistant", "developer", "tool", "function", "model", "message", "error",
        "stop", "length", "tool_calls", "function_call", "content_filter", "sensitive", "normal", "null", "end_turn",
        "max_tokens", "stop_sequence", "tool_use", "tool_result", "pause_turn", "refusal",
        "text", "image", "image_url", "input_audio", "file", "thinking", "redacted_thinking", "base64", "url",
        "enabled", "disabled", "adaptive", "auto", "none", "required", "any", "ephemeral", "json_object", "json_schema",
        "object", "string", "number", "integer", "boolean", "array",
    ]

    /// Members whose objects and lists are the platform's own.
    ///
    /// The content of all others is the caller's or the model's.
    static let containers: Set<String> = [
        "choices", "Choices", "message", "Message", "messages", "Messages", "delta", "Delta", "content", "Contents",
        "content_block", "tool_calls", "ToolCalls", "ToolCall", "function", "Function", "function_call", "tools",
        "Tools",
        "tool_choice", "system", "source", "image_url", "error", "Error", "ErrorMsg", "usage", "Usage", "x_groq",
        "prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details",
        "cache_creation", "output", "Response", "response_format", "stream_options", "thinking", "output_config",
    ]

    /// The platform's own at the top of a request.
    ///
    /// Further inside, the same words mean arguments and schemas.
    static let outermostContainers: Set<String> = ["input", "parameters"]

    /// Names kept inside content of callers and models, too.
    static let members: Set<String> = names.union(choices).union(containers).union([
        "id", "name", "text", "index", "arguments", "input", "parameters", "properties", "items", "enum", "description",
        "token", "bytes", "logprob", "top_logprobs", "prompt_tokens", "completion_tokens", "total_tokens",
    ])

    /// Strings that hold JSON, whole or in pieces.
    static let arguments: Set<String> = ["arguments", "Arguments", "partial_json"]

    /// The literals of JSON, and those that some servers write in their place.
    static let literals: Set<String> = ["true", "false", "null", "NaN", "Infinity"]

    /// Comments of event streams, in lower case.
    static let comments: Set<String> = ["openrouter processing", "keep-alive", "keepalive", "ping", "heartbeat"]

    /// In lower case.
    private static let identities: Set<String> = ["id", "name", "uid", "uin", "user", "account"]

    /// True for members whose equal values stay equal and different ones different.
    ///
    /// Calls are told apart by them.
    static func isIdentity(_ member: String) -> Bool {
        identities.contains(member.lowercased()) || member.hasSuffix("_id") || member.hasSuffix("Id")
    }

    /// True for one word that is too short for a text.
    static func isName(_ text: ArraySlice<UInt8>) -> Bool {
        (1...64).contains(text.count)
            && text.allSatisfy { $0.isASCIIAlphanumeric || "_.:/-".utf8.contains($0) }
    }
}
