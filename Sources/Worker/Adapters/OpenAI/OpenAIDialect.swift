/// The differences of an OpenAI-compatible platform from OpenAI, as data for `OpenAIAdapter`.
///
/// One value per platform and mode (`QianfanDialect`, `QwenCompatibleDialect`, …). Everything not set here is as at
/// OpenAI.
import Shared

struct OpenAIDialect: Sendable {
    /// The platform's usual name, for error texts.
    var platform: String
    var baseURL: String
    /// The fields that the platform knows.
    ///
    /// `nil` lets everything through, for servers that we know nothing of.
    var fields: FieldCheck?
    /// The ranges and words that the platform accepts.
    ///
    /// `nil` leaves the check to the server.
    var limits: PlatformLimits?
    /// Further checks before any call is paid.
    var checks: [Check] = []
    /// The rewriting of fields, by the platform's id of the model.
    var edits: @Sendable (_ model: String) -> [FieldEdit] = { _ in [] }
    var messages: @Sendable (_ model: String) -> MessageEdits = { _ in MessageEdits() }
    /// Fields that the model refuses and whose loss does no harm to the answer.
    var dropped: @Sendable (_ chat: ChatRequest, _ model: String) -> [String] = { _, _ in [] }
    /// Models that refuse `parallel_tool_calls`, by the platform's id.
    var refusesParallelCalls: @Sendable (_ model: String) -> Bool = { _ in false }
    /// The members that carry the request's reasoning options.
    ///
    /// `nil` leaves its own words alone.
    var reasoning: Reasoning?
    /// The platform gives this answer as a stream only, whatever the caller asked for.
    var onlyStreams: Streaming = { _, _ in false }
    /// Models whose every event has all text so far.
    var repeatsText: @Sendable (_ model: String) -> Bool = { _ in false }
    /// Usage comes with every stream, and `stream_options` is not known.
    var alwaysSendsUsage = false
    /// Finish reasons in other words than OpenAI's.
    var finishReasons: [String: FinishMeaning] = [:]
    /// The member of a choice that is not 0 where the platform's filter has cut it.
    var filterFlag: String?
    var failures: FailureRules
    /// Reads a cool-down from the platform's words.
    ///
    /// `now` is in milliseconds since 1970.
    var namedCoolDown: @Sendable (_ message: String, _ now: Int64) -> Duration? = { _, _ in nil }
    /// Account settings that become headers.
    var headers: [(setting: String, name: String)] = []
    var ping = Ping.models
    var embeddings: Embeddings?

    typealias Check = @Sendable (_ chat: ChatRequest, _ model: String) throws(JobFailure) -> Void
    typealias Reasoning = @Sendable (_ chat: ChatRequest, _ model: String) throws(JobFailure) -> JSONObject

    typealias Streaming = @Sendable (_ chat: ChatRequest, _ model: String) throws(JobFailure) -> Bool

    enum FinishMeaning: Sendable {
        case reason(String)
        /// The reason is a failure and no end of an answer.
        case failure(JobFailure.Kind)
    }

    enum Ping: Sendable {
        /// `GET /models`, which is free and proves the key.
        case models
        /// One token of the platform's free model. Another base URL may not have it, and gets the route's model.
        case chat(model: String)
    }

    struct Embeddings: Sendable {
        var maxInputs: @Sendable (_ model: String) -> Int
        /// `dimensions`, `encoding_format` and `user` go out as they came.
        var passesOptions = false
        /// `dimensions` is known.
        var takesDimensions = true
    }
}

/// One rewriting of the request's members.
enum FieldEdit: Sendable {
    /// Removes the first name. Its value stays only where the second has none.
    case rename(String, to: String)
    /// A number outside the range becomes the nearest inside. Ranges are the platform's own.
    case clamp(String, ClosedRange<Double>)
    /// Maps whole numbers outside 1…limit into it, modulo `limit`, so that equal seeds stay equal.
    case wrap(String, limit: Int)
    /// A single string becomes a list of one.
    case listed(String)
    /// Replaces one word by another that means the same.
    case word(String, JSON, JSON)
    case custom(@Sendable (inout JSONObject) -> Void)

    func apply(to body: inout JSONObject) {
        switch self {
        case .rename(let old, let new):
            guard let value = body.remove(old), value != .null else { return }
            if body[new] ?? .null == .null { body.set(new, value) }
        case .clamp(let name, let range):
            guard let value = body[name]?.doubleValue, !range.contains(value) else { return }
            let nearest = min(max(value, range.lowerBound), range.upperBound)
            body.set(name, JSONNumber(nearest).map(JSON.number) ?? .null)
        case .wrap(let name, let limit):
            guard let value = body[name]?.intValue, !(1...limit).contains(value) else { return }
            body.set(name, .int(FieldEdit.wrapped(value, limit)))
        case .listed(let name):
            if case .string(let text)? = body[name] { body.set(name, [.string(text)]) }
        case .word(let name, let old, let new): if body[name] == old { body.set(name, new) }
        case .custom(let edit): edit(&body)
        }
    }

    /// Replaces Mistral's and Anthropic's word where OpenAI's is expected.
    static let anyCall = FieldEdit.word("tool_choice", "any", "required")

    static func wrapped(_ value: Int, _ limit: Int) -> Int {
        let rest = value % limit
        return rest > 0 ? rest : rest + limit
    }
}
