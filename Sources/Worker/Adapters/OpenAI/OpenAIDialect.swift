/// How a platform with OpenAI's wire differs from OpenAI, as data: what `OpenAIAdapter` translates by.
///
/// One value per platform and mode (`QianfanDialect`, `QwenDialect`, …). Whatever is not said here is as at OpenAI.
import Shared

struct OpenAIDialect: Sendable {
    /// As people call it, for error texts.
    var platform: String
    var baseURL: String
    /// The fields with a meaning here; `nil` lets everything through, for servers that we know nothing of.
    var fields: FieldCheck?
    /// How much of them the platform takes; `nil` leaves that to the server.
    var limits: PlatformLimits?
    /// What else is refused before anybody is paid, by the platform's id of the model.
    var checks: [Check] = []
    /// How fields are rewritten, by the platform's id of the model.
    var edits: @Sendable (_ model: String) -> [FieldEdit] = { _ in [] }
    var messages: @Sendable (_ model: String) -> MessageEdits = { _ in MessageEdits() }
    /// Fields that the model does not take and an answer is none the worse without.
    var dropped: @Sendable (_ chat: ChatRequest, _ model: String) -> [String] = { _, _ in [] }
    /// Models that refuse `parallel_tool_calls`, by the platform's id.
    var refusesParallelCalls: @Sendable (_ model: String) -> Bool = { _ in false }
    /// The members that say the request's wish about thinking; `nil` leaves its own words alone.
    var reasoning: Reasoning?
    /// Whether the platform gives this answer as a stream only, whatever the caller asked for.
    var onlyStreams: Streaming = { _, _ in false }
    /// Models whose events have all text so far, each.
    var repeatsText: @Sendable (_ model: String) -> Bool = { _ in false }
    /// Usage comes with every stream, and `stream_options` is not known.
    var alwaysSendsUsage = false
    /// Finish reasons in other words than OpenAI's.
    var finishReasons: [String: FinishMeaning] = [:]
    /// The member of a choice that is not 0 where the platform's filter has struck.
    var filterFlag: String?
    var failures: FailureRules
    /// How long to stay away, where the platform says so in words; `now` in milliseconds since 1970.
    var namedRest: @Sendable (_ message: String, _ now: Int64) -> Duration? = { _, _ in nil }
    /// Account settings that become headers.
    var headers: [(setting: String, name: String)] = []
    var ping = Ping.models
    var embeddings: Embeddings?

    typealias Check = @Sendable (_ chat: ChatRequest, _ model: String) throws(JobFailure) -> Void
    typealias Reasoning = @Sendable (_ chat: ChatRequest, _ model: String) throws(JobFailure) -> JSONObject

    typealias Streaming = @Sendable (_ chat: ChatRequest, _ model: String) throws(JobFailure) -> Bool

    enum FinishMeaning: Sendable {
        case reason(String)
        /// No end of an answer, but a failure.
        case failure(JobFailure.Kind)
    }

    enum Ping: Sendable {
        /// `GET /models`: free, proves the key.
        case models
        /// One token of the platform's free model; at another base URL, which may not have it, of the route's.
        case chat(model: String)
    }

    struct Embeddings: Sendable {
        var maxInputs: @Sendable (_ model: String) -> Int
        /// Whether `dimensions`, `encoding_format` and `user` go out as they came.
        var passesOptions = false
        /// Whether `dimensions` is known.
        var takesDimensions = true
    }
}

/// One rewriting of the request's members.
enum FieldEdit: Sendable {
    /// The first name goes; its value stays only where the second has none.
    case rename(String, to: String)
    /// A number outside the range becomes the nearest inside; ranges are the platform's own.
    case clamp(String, ClosedRange<Double>)
    /// Whole numbers outside 1…limit are counted around that ring, so that equal seeds stay equal.
    case wrap(String, limit: Int)
    /// A single string becomes a list of one.
    case listed(String)
    /// One word in place of another that means the same.
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

    /// Mistral's and Anthropic's word where OpenAI's is expected.
    static let anyCall = FieldEdit.word("tool_choice", "any", "required")

    static func wrapped(_ value: Int, _ limit: Int) -> Int {
        let rest = value % limit
        return rest > 0 ? rest : rest + limit
    }
}
