/// The sandbox's answer to a request, whole and in pieces. Deterministic, made from the request alone.
///
/// A piece is a word with the space behind it, or one wide character or emoji. Characters are never cut.
import Shared

struct SandboxReply: Sendable, Equatable {
    var pieces: [String] = []
    var calls = WholeCalls()
    var finishReason = "stop"

    /// Chosen: large enough that megabytes are hundreds of pieces, small enough that they stream.
    private static let blockBytes = 4096
    /// Chosen: longer texts come in blocks, or a prompt of megabytes would become millions of pieces in memory.
    private static let maxWordwise = 256 * 1024

    init(_ chat: ChatRequest, _ directives: SandboxDirectives, message: String, rest: String) {
        if let name = SandboxReply.toolName(chat, directives) {
            let schema = SandboxReply.schema(of: name, in: chat)
            let arguments = schema.map { SchemaExample.value(for: $0) }?.objectValue ?? [:]
            let text = String(decoding: arguments.encoded, as: UTF8.self)
            calls = WholeCalls(
                [CallPiece(id: "call_sandbox_0", name: name, arguments: text)], CallForm(), choice: 0)
            finishReason = "tool_calls"
            return
        }
        if let size = directives.size {
            pieces = SandboxReply.filler(min(size, SandboxDirectives.maxSize / chat.n))
        } else {
            let text = directives.isEcho ? message : SandboxReply.text(chat, rest)
            pieces = SandboxReply.cut(SandboxReply.formatted(text, chat))
        }
        if let count = directives.tokens { repeatPieces(upTo: min(count, SandboxDirectives.maxTokens / chat.n)) }
        if let most = chat.maxTokens, pieces.count > most {
            pieces.removeLast(pieces.count - most)
            finishReason = "length"
        }
    }

    /// The text of a message, with a note in place of its images.
    static func text(of message: JSON?) -> String {
        guard let parts = message?["content"]?.arrayValue else { return message?["content"]?.stringValue ?? "" }
        let images = parts.filter { $0["type"]?.stringValue == "image_url" }.count
        let text = parts.compactMap { $0["text"]?.stringValue }.joined(separator: "\n")
        return images == 0 ? text : "\(text) (images: \(images))"
    }

    private static func text(_ chat: ChatRequest, _ rest: String) -> String {
        guard let last = chat.messages.last, isResult(last) else { return "You said: \(rest)" }
        return "The tool said: \(text(of: last))"
    }

    private static func isResult(_ message: JSON) -> Bool { message["role"] == "tool" }

    /// The tool to call, `nil` where the last message is already its result.
    private static func toolName(_ chat: ChatRequest, _ directives: SandboxDirectives) -> String? {
        guard chat.messages.last.map(isResult) != true else { return nil }
        if let name = directives.tool { return name }
        switch chat.toolChoice {
        case .named(let name): return name
        case .required: return chat.functions.lazy.compactMap { $0["name"]?.stringValue }.first
        case .auto, .some(.none), nil: return nil
        }
    }

    private static func schema(of name: String, in chat: ChatRequest) -> JSON? {
        chat.functions.first { $0["name"]?.stringValue == name }?["parameters"]
    }

    /// JSON where the request asks for it.
    private static func formatted(_ text: String, _ chat: ChatRequest) -> String {
        let format = chat.body["response_format"]
        switch format?["type"]?.stringValue {
        case "json_object": return String(decoding: (["reply": .string(text)] as JSON).encoded, as: UTF8.self)
        case "json_schema":
            let value = SchemaExample.value(for: format?["json_schema"]?["schema"])
            return String(decoding: value.encoded, as: UTF8.self)
        default: return text
        }
    }

    private static func cut(_ text: String) -> [String] {
        guard text.utf8.count <= maxWordwise else { return blocks(text) }
        var pieces: [String] = []
        var word = ""
        for character in text {
            let isWide = (character.unicodeScalars.first?.value ?? 0) >= 0x2E80
            if isWide, !word.isEmpty {
                pieces.append(word)
                word = ""
            }
            word.append(character)
            // Chosen: words longer than 16 characters are data, and stream in pieces like text.
            if isWide || character.isWhitespace || word.count == 16 {
                pieces.append(word)
                word = ""
            }
        }
        return word.isEmpty ? pieces : pieces + [word]
    }

    private static func blocks(_ text: String) -> [String] {
        var pieces: [String] = []
        var block = ""
        for character in text {
            block.append(character)
            if block.utf8.count >= blockBytes {
                pieces.append(block)
                block = ""
            }
        }
        return block.isEmpty ? pieces : pieces + [block]
    }

    private mutating func repeatPieces(upTo count: Int) {
        let pattern = pieces.isEmpty ? ["token "] : pieces
        pieces = (0..<count).map { pattern[$0 % pattern.count] }
    }

    private static func filler(_ size: Int) -> [String] {
        let line = "The quick brown fox jumps over the lazy dog, again and again. \n"
        let block = String(String(repeating: line, count: blockBytes / line.utf8.count + 1).prefix(blockBytes))
        let rest = size % blockBytes
        return Array(repeating: block, count: size / blockBytes) + (rest == 0 ? [] : [String(block.prefix(rest))])
    }
}
