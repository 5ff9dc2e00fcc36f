/// The ranges and words that a platform accepts in the fields it knows, checked before any call is paid.
///
/// In: a request. Out: nothing, or `unsupportedParameter` naming the field and the platform. Ranges are OpenAI's unless
/// the platform's table differs. Inside them an adapter may still fit a value to a narrower range.
import Shared

struct PlatformLimits: Sendable {
    /// The platform's usual name, for error texts.
    let platform: String
    var ranges = PlatformLimits.usualRanges
    /// Most stop sequences, `nil` for any number.
    var stops: Int?
    /// Types of `response_format`.
    var formats: [String] = ["text", "json_object", "json_schema"]
    /// Words of `tool_choice`.
    var choices: [String] = ["none", "auto", "required"]
    /// `tool_choice` may name a function.
    var namesFunction = true
    /// The platform itself judges calls and choices of other types than functions (`allowed_tools`, `custom`).
    var hasOtherTypes = false
    var roles: [String] = ["system", "developer", "user", "assistant", "tool"]
    /// Roles whose messages may hold images.
    var imageRoles: [String] = ["user"]
    /// A spoken answer may be sent back by its id.
    var holdsAudio = false
    /// Roles whose messages may stand between a call and its result, since the adapter moves them.
    var moved: [String] = []
    /// Each call must have a result, and each result a call.
    var pairsCalls = true

    static let instructions = ["system", "developer"]

    static let usualRanges: [String: ClosedRange<Double>] = [
        "temperature": 0...2, "top_p": 0...1, "presence_penalty": -2...2, "frequency_penalty": -2...2,
        "top_logprobs": 0...20, "max_tokens": tokens, "max_completion_tokens": tokens,
    ]
    private static let tokens = 1...Double(1 << 30)

    func check(_ chat: ChatRequest) throws(JobFailure) {
        for member in chat.body.members { try check(member, chat) }
        try checkMessages(chat)
    }

    private func check(_ member: JSONObject.Member, _ chat: ChatRequest) throws(JobFailure) {
        switch member.key {
        case "stop":
            if let stops, chat.stops.count > stops {
                throw refusal("stop", stops == 1 ? "it takes one text" : "it takes \(stops) texts at most")
            }
        case "response_format":
            guard let type = member.value["type"]?.stringValue, !formats.contains(type) else { return }
            throw refusal("response_format.type", "it takes \(Self.list(formats))")
        case "tool_choice": try checkChoice(member.value, chat)
        default:
            guard let range = ranges[member.key], let value = member.value.doubleValue, !range.contains(value) else {
                return
            }
            throw refusal(member.key, "it takes \(Self.text(range))")
        }
    }

    private func checkChoice(_ value: JSON, _ chat: ChatRequest) throws(JobFailure) {
        switch chat.toolChoice {
        case .named(let name):
            guard namesFunction else { break }
            guard chat.functions.contains(where: { $0["name"]?.stringValue == name }) else {
                throw refusal("tool_choice", "no tool has that name")
            }
            return
        case ToolChoice.none? where choices.contains("none"): return
        case .auto where choices.contains("auto"): return
        case .required where choices.contains("required"): return
        case nil where hasOtherTypes && value.objectValue != nil: return
        default: break
        }
        throw refusal("tool_choice", "it takes \(Self.list(choices + (namesFunction ? ["a function's name"] : [])))")
    }

    // MARK: - Messages

    private func checkMessages(_ chat: ChatRequest) throws(JobFailure) {
        var open = OpenCalls()
        for (index, message) in chat.messages.enumerated() {
            let role = message["role"]?.stringValue ?? ""
            guard roles.contains(role) else {
                throw refusal("messages[\(index)].role", "it knows \(Self.list(roles))")
            }
            if pairsCalls { try follow(message, role, index, &open) }
            if chat.neededBy[.vision] != nil, !imageRoles.contains(role) { try checkImages(message, index) }
            if !holdsAudio, let audio = message["audio"], audio["transcript"] == nil {
                throw refusal("messages[\(index)].audio", "it has no answers that were spoken")
            }
        }
        if !open.ids.isEmpty { throw unanswered(open) }
    }

    /// Calls of one message whose results have not come yet.
    private struct OpenCalls {
        var ids: [String] = []
        var index = 0
    }

    private func follow(
        _ message: JSON, _ role: String, _ index: Int, _ open: inout OpenCalls
    ) throws(JobFailure) {
        if role == "tool" {
            guard let place = open.ids.firstIndex(of: message["tool_call_id"]?.stringValue ?? "") else {
                throw refusal("messages[\(index)].tool_call_id", "no call right before it has this id")
            }
            open.ids.remove(at: place)
            return
        }
        if moved.contains(role) { return }
        guard open.ids.isEmpty else { throw unanswered(open) }
        guard role == "assistant", let calls = message["tool_calls"]?.arrayValue else { return }
        if !hasOtherTypes, let odd = calls.firstIndex(where: { $0["type"] != "function" }) {
            throw refusal("messages[\(index)].tool_calls[\(odd)].type", "calls are of functions")
        }
        if let unnamed = calls.firstIndex(where: { $0["function"]?["name"] == "" }) {
            throw refusal("messages[\(index)].tool_calls[\(unnamed)].function.name", "it must not be empty")
        }
        open = OpenCalls(ids: calls.map { $0["id"]?.stringValue ?? "" }, index: index)
    }

    private func unanswered(_ open: OpenCalls) -> JobFailure {
        refusal("messages[\(open.index)].tool_calls", "each call needs a message of the role tool right after it")
    }

    private func checkImages(_ message: JSON, _ index: Int) throws(JobFailure) {
        for (position, part) in (message["content"]?.arrayValue ?? []).enumerated() where part["type"] == "image_url" {
            throw refusal(
                "messages[\(index)].content[\(position)]", "images are taken from \(Self.list(imageRoles)) only")
        }
    }

    // MARK: - Words

    private func refusal(_ field: String, _ why: String) -> JobFailure {
        FieldCheck.refusal(platform, field, why)
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "none" : words.joined(separator: ", ")
    }

    private static func text(_ range: ClosedRange<Double>) -> String {
        range == tokens
            ? "a number of at least 1" : "a number from \(Int(range.lowerBound)) to \(Int(range.upperBound))"
    }
}
