import Shared

/// The style in which a request, and so its response, expresses calls.
enum CallStyle: Sendable, Equatable {
    /// `tool_calls`.
    case tools
    /// `function_call`, OpenAI's form before November 2023: at most one call, without an id.
    case function

    /// OpenAI's finish reason of an answer with calls.
    var finishReason: String {
        switch self {
        case .tools: "tool_calls"
        case .function: "function_call"
        }
    }
}

/// The request's terms for the calls of its response.
struct CallForm: Sendable {
    var style = CallStyle.tools
    /// Names of the functions that the model may call, for platforms that send a name in pieces.
    var functions: Set<String> = []
    var ids = CallIDs("")
}

extension CallForm {
    init(_ chat: ChatRequest, requestID: String) {
        style = chat.usesLegacyFunctions ? .function : .tools
        functions = Set(chat.functions.compactMap { $0["name"]?.stringValue })
        ids = CallIDs(requestID)
    }
}

extension ResponseContext {
    /// Adds the terms that the request sets for its response.
    mutating func note(_ chat: ChatRequest, requestID: String) {
        stops = chat.stops
        choices = chat.n
        calls = CallForm(chat, requestID: requestID)
    }
}
