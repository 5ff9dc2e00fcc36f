import Shared

/// Turns the request of `/v1/completions`, text in and text out, into the neutral chat request (pure).
///
/// The prompt becomes a message of the user. Every other member goes along as it is. May fail with an `APIError` that
/// names the caller's field: members that no chat has are refused rather than left out. A request without a limit of
/// tokens has none. OpenAI's default of 16 cuts off nearly every answer, and all of a model that thinks first.
struct TextRequest {
    let chat: ChatRequest

    /// Members that a chat does not have, each with the value besides null that asks for nothing.
    private static let unserved: [(name: String, idle: JSON)] = [
        ("suffix", ""), ("echo", false), ("logprobs", .null), ("messages", []), ("tools", []), ("tool_choice", "none"),
        ("functions", []), ("function_call", "none"), ("audio", .null),
    ]

    init(_ body: JSON) throws(APIError) {
        guard var object = body.objectValue else {
            throw .invalid(nil, "The request body must be a JSON object.", code: "invalid_type")
        }
        for (name, idle) in Self.unserved {
            guard let value = object.remove(name), value != .null, value != idle else { continue }
            throw .invalid(
                name, "'\(name)' is not supported by /v1/completions: the prompt is sent as a chat.",
                code: "unsupported_parameter")
        }
        try Self.checkBestOf(object)
        object.remove("best_of")
        let prompt = try Self.prompt(object.remove("prompt"))
        object.set("messages", [["role": "user", "content": .string(prompt)]])
        do throws(RequestError) {
            chat = try ChatRequest(validating: .object(object))
        } catch {
            var refusal = APIError(error)
            if error.param?.hasPrefix("messages") == true { refusal.param = "prompt" }
            throw refusal
        }
    }

    /// Takes a text, or a list of one.
    ///
    /// Several texts would be several requests, each with its own price and end.
    private static func prompt(_ value: JSON?) throws(APIError) -> String {
        switch value {
        case nil, .null:
            throw .invalid(
                "prompt", "Missing required parameter: 'prompt'.", code: "missing_required_parameter")
        case .string(let text): return text
        case .array(let list) where list.count == 1: return try prompt(list[0])
        case .array(let list) where !list.isEmpty && list.allSatisfy { $0.stringValue != nil }:
            throw .invalid(
                "prompt", "'prompt' has \(list.count) texts: send each as a request of its own.",
                code: "unsupported_parameter")
        case .number, .array:
            throw .invalid(
                "prompt", "'prompt' must be text: tokens mean something to one model only.",
                code: "unsupported_parameter")
        default:
            throw .invalid("prompt", "Invalid type for 'prompt': expected a string.", code: "invalid_type")
        }
    }

    /// Takes `best_of` where it changes nothing, that is where all answers are given back.
    private static func checkBestOf(_ object: JSONObject) throws(APIError) {
        guard let best = object["best_of"], best != .null else { return }
        guard let best = best.intValue, best == object["n"]?.intValue ?? 1 else {
            throw .invalid(
                "best_of", "'best_of' is not supported, unless it is equal to 'n'.", code: "unsupported_parameter")
        }
    }
}
