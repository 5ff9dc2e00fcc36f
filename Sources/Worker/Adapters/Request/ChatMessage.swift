/// The messages of a request in typed form, for platforms whose API is not OpenAI's.
///
/// In: messages that `ChatRequest` has validated. Out: roles, texts, images, calls and results, with nothing merged,
/// moved or lost.
import Shared

struct ChatMessage: Sendable {
    enum Role: String, Sendable {
        /// `system` and `developer`.
        case system
        case user, assistant
        /// The result of a call.
        case tool
    }

    enum Part: Sendable {
        case text(String)
        case image(ImageSource)
        /// Audio, files and newer kinds, by their `type`.
        case other(String)
    }

    struct Call: Sendable {
        var id: String
        var name: String
        /// JSON as a string, "{}" where the caller left it out.
        var arguments: String
    }

    /// The position in `messages`, for error texts.
    var index: Int
    var role: Role
    var parts: [Part]
    var calls: [Call] = []
    /// In a `tool` message, the call that it answers.
    var callID: String?
    var name: String?
    /// The model's thinking (`reasoning_content`) of an assistant message, if the caller sent it back.
    var reasoning: String?
    /// The message as it came.
    var json: JSONObject

    /// All text parts, joined.
    var text: String {
        parts.reduce(into: "") { text, part in if case .text(let more) = part { text += more } }
    }

    /// True when every text is empty and there is no part of another kind.
    var saysNothing: Bool {
        parts.allSatisfy { part in if case .text(let text) = part { text.isEmpty } else { false } }
    }

    /// `messages[3].content`.
    var contentPath: String { "messages[\(index)].content" }

    init(_ json: JSONObject, index: Int) {
        self.index = index
        self.json = json
        switch json["role"]?.stringValue {
        case "assistant": role = .assistant
        case "tool": role = .tool
        case "system", "developer": role = .system
        default: role = .user
        }
        parts = ChatMessage.parts(json["content"])
        if role == .assistant, saysNothing, let words = ChatMessage.wordsBesideContent(json) { parts = [.text(words)] }
        calls = (json["tool_calls"]?.arrayValue ?? []).map(Call.init)
        name = json["name"]?.stringValue
        callID = json["tool_call_id"]?.stringValue
        reasoning = json["reasoning_content"]?.stringValue
    }

    /// The refusal or the spoken transcript that stands in place of a content.
    static func wordsBesideContent(_ json: JSONObject) -> String? {
        for words in [json["refusal"]?.stringValue, json["audio"]?["transcript"]?.stringValue] {
            if let words, !words.isEmpty { return words }
        }
        return nil
    }

    private static func parts(_ content: JSON?) -> [Part] {
        switch content {
        case .string(let text): [.text(text)]
        case .array(let parts): parts.map(part)
        default: []
        }
    }

    private static func part(_ part: JSON) -> Part {
        switch part["type"]?.stringValue {
        case "text": .text(part["text"]?.stringValue ?? "")
        case "refusal": .text(part["refusal"]?.stringValue ?? "")
        case "image_url": .image(ImageSource(part["image_url"]?["url"]?.stringValue ?? ""))
        case let type: .other(type ?? "")
        }
    }
}

extension ChatMessage.Call {
    fileprivate init(_ json: JSON) {
        id = json["id"]?.stringValue ?? ""
        name = json["function"]?["name"]?.stringValue ?? ""
        let given = json["function"]?["arguments"]?.stringValue ?? ""
        arguments = given.isEmpty ? "{}" : given
    }
}

/// The source of an image.
enum ImageSource: Sendable, Equatable {
    case url(String)
    /// A `data:` URL, taken apart. The data is base64 as it came.
    case base64(mediaType: String, data: String)

    init(_ url: String) {
        guard url.prefix(5).lowercased() == "data:", let comma = url.firstIndex(of: ",") else {
            self = .url(url)
            return
        }
        let head = url[url.index(url.startIndex, offsetBy: 5)..<comma].split(separator: ";")
        let mediaType = head.first.map { $0.lowercased() } ?? "image/png"
        self = .base64(mediaType: mediaType, data: String(url[url.index(after: comma)...]))
    }

    /// As a URL again.
    var url: String {
        switch self {
        case .url(let url): url
        case .base64(let mediaType, let data): "data:\(mediaType);base64,\(data)"
        }
    }
}

extension ChatRequest {
    var typedMessages: [ChatMessage] {
        messages.enumerated().compactMap { index, message in
            message.objectValue.map { ChatMessage($0, index: index) }
        }
    }

    /// The same for platforms that need a user message: where there are only instructions, the last one becomes the
    /// user's.
    var spokenMessages: [ChatMessage] {
        var messages = typedMessages
        if let last = messages.indices.last, messages.allSatisfy({ $0.role == .system }) { messages[last].role = .user }
        return messages
    }

    /// The function definitions.
    var functions: [JSONObject] { (body["tools"]?.arrayValue ?? []).compactMap { $0["function"]?.objectValue } }

    var stops: [String] {
        switch body["stop"] {
        case .string(let stop): [stop]
        case .array(let stops): stops.compactMap(\.stringValue)
        default: []
        }
    }

    var toolChoice: ToolChoice? {
        switch body["tool_choice"] {
        case .string("none"): ToolChoice.none
        case .string("auto"): .auto
        // "any" is Mistral's and Anthropic's word.
        case .string("required"), .string("any"): .required
        case .object(let choice): choice["function"]?["name"]?.stringValue.map(ToolChoice.named)
        default: nil
        }
    }

    var responseFormat: ResponseFormat? {
        switch body["response_format"]?["type"]?.stringValue {
        case "json_object": .jsonObject
        case "json_schema": .jsonSchema(body["response_format"]?["json_schema"]?.objectValue ?? [:])
        default: nil
        }
    }
}

enum ToolChoice: Sendable, Equatable {
    case none, auto, required
    case named(String)
}

enum ResponseFormat: Sendable, Equatable {
    case jsonObject
    /// `{name, schema, strict}` as it came.
    case jsonSchema(JSONObject)
}
