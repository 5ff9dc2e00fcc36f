import Shared

/// How a request speaks of calls, and so its answer.
enum CallStyle: Sendable, Equatable {
    /// `tool_calls`.
    case tools
    /// `function_call`, OpenAI's form before November 2023: one call at most, without an id.
    case function

    /// OpenAI's finish reason of an answer that makes calls.
    var finishReason: String {
        switch self {
        case .tools: "tool_calls"
        case .function: "function_call"
        }
    }
}

/// What the request says about the calls of its answer.
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
    /// What the request says about its answer.
    mutating func note(_ chat: ChatRequest, requestID: String) {
        stops = chat.stops
        choices = chat.n
        calls = CallForm(chat, requestID: requestID)
    }
}
