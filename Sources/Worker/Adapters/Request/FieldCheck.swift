/// Refuses the fields of a request that a platform cannot express, before any call is paid.
///
/// In: the fields that an adapter translates. Out: nothing, or `unsupportedParameter` naming the field and the
/// platform. Fields that ask for nothing (`n: 1`, a penalty of 0) and hints that cannot change an answer pass
/// everywhere, and the adapter drops them.
import Shared

struct FieldCheck: Sendable {
    /// The platform's usual name, for error texts.
    let platform: String
    /// Fields with a translation.
    let known: Set<String>
    /// Fields that OpenAI does not have go out as they are, as the platform's own extras.
    let passesExtras: Bool

    init(platform: String, known: Set<String>, passesExtras: Bool = false) {
        self.platform = platform
        self.known = known.union(FieldCheck.structural).union(ReasoningOptions.fields)
        self.passesExtras = passesExtras
    }

    /// Fields that every adapter must translate.
    private static let structural: Set<String> = ["model", "messages", "stream", "stream_options"]

    /// OpenAI's bookkeeping fields, without which the answer is the same.
    static let hints: Set<String> = [
        "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
        "verbosity", "prediction", "user",
    ]

    /// OpenAI's fields that change the answer.
    private static let canonical: Set<String> = [
        "audio", "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens",
        "max_tokens", "modalities", "n", "parallel_tool_calls", "presence_penalty", "response_format", "seed", "stop",
        "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "web_search_options",
    ]

    func check(_ chat: ChatRequest) throws(JobFailure) {
        for member in chat.body.members where !known.contains(member.key) {
            guard !FieldCheck.hints.contains(member.key), !FieldCheck.asksForNothing(member) else { continue }
            if passesExtras, !FieldCheck.canonical.contains(member.key) { continue }
            throw refusal(member.key)
        }
    }

    /// True for known fields and extras that ask for anything.
    ///
    /// Asked only of fields that `check` let pass.
    func sends(_ member: JSONObject.Member) -> Bool {
        // Beside tools, "none" has a meaning.
        guard member.key == "tool_choice" || !FieldCheck.asksForNothing(member), member.value != .null else {
            return false
        }
        if known.contains(member.key) { return true }
        return passesExtras && !FieldCheck.canonical.contains(member.key) && !FieldCheck.hints.contains(member.key)
    }

    /// The texts of an embeddings request.
    ///
    /// Refuses fields outside `known`, and more than `most` texts.
    func texts(of request: EmbeddingsRequest, known: Set<String>, most: Int) throws(JobFailure) -> [String] {
        for member in request.body.members where member.value != .null {
            guard known.contains(member.key) || FieldCheck.hints.contains(member.key) else {
                throw refusal(member.key)
            }
        }
        guard let texts = request.texts else { throw refusal("input", "texts only, no token numbers") }
        guard texts.count <= most else { throw refusal("input", "at most \(most) texts of one request") }
        return texts
    }

    /// `field` may be a path (`messages[2].content[0]`).
    func refusal(_ field: String, _ why: String? = nil) -> JobFailure { Self.refusal(platform, field, why) }

    static func refusal(_ platform: String, _ field: String, _ why: String? = nil) -> JobFailure {
        let reason = why.map { ": \($0)" } ?? ""
        return JobFailure(
            .unsupportedParameter, "\(platform) does not support '\(field)'\(reason).", param: field,
            code: "unsupported_parameter")
    }

    static func asksForNothing(_ member: JSONObject.Member) -> Bool {
        switch (member.key, member.value) {
        case (_, .null): true
        case ("n", let value): value.intValue == 1
        case ("presence_penalty", let value), ("frequency_penalty", let value): value.doubleValue == 0
        case ("logprobs", let value), ("parallel_tool_calls", let value): value.boolValue == (member.key != "logprobs")
        case ("response_format", let value): value["type"]?.stringValue == "text"
        case ("modalities", let value): value == ["text"]
        case ("tool_choice", let value): value == "none" || value == "auto"
        default: false
        }
    }
}
