import Shared

@testable import Worker

/// One platform's way to write an answer, for tests that give all of them the same text.
///
/// Texts are the bytes between the quotes of a JSON string, so that every slip of a server can be said.
struct AnswerWire: Sendable, CustomStringConvertible {
    let account: Account
    private let format: Format

    var description: String { "\(account.provider.rawValue)/\(account.mode ?? "native")" }

    static let all: [AnswerWire] = Provider.allCases.filter { $0 != .sandbox }.flatMap { provider in
        provider.modes.map { AnswerWire(provider, $0) }
    }
    static let openAI = AnswerWire(.openai, "native")
    static let anthropic = AnswerWire(.anthropic, "native")

    init(_ provider: Provider, _ mode: String) {
        account = Account(id: "a", provider: provider, mode: mode)
        format =
            switch (provider, mode) {
            case (.anthropic, _): .anthropic
            case (.baidu, "legacy"): .ernie
            case (.alibaba, "native"): .dashScope
            case (.tencent, "native"): .hunyuan
            default: .openAI
            }
    }

    /// The answer as server-sent events, one for each piece.
    func stream(_ pieces: [[UInt8]]) -> [UInt8] {
        let lines = format.opening + pieces.map { Self.filled(format.piece, $0) } + format.closing
        return lines.flatMap { Array("data: ".utf8) + $0 + Array("\n\n".utf8) }
    }

    func stream(_ pieces: String...) -> [UInt8] { stream(pieces.map { Array($0.utf8) }) }

    /// The answer as one document.
    func document(_ text: [UInt8]) -> [UInt8] { Self.filled(format.document, text) }

    func document(_ text: String) -> [UInt8] { document(Array(text.utf8)) }

    private static func filled(_ template: String, _ text: [UInt8]) -> [UInt8] {
        let parts = template.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        return Array(parts[0].utf8) + text + Array(parts[1].utf8)
    }

    // MARK: - Reading

    func outcome(_ bytes: [UInt8], isStream: Bool, cuts: [Int] = [], contentType: String? = nil) -> DecodedAnswer {
        guard let adapter = Adapters.adapter(for: account) else { preconditionFailure("no platform") }
        let shape = ResponseContext(isStream: isStream, contentType: contentType, model: "m")
        return DecodedAnswer(bytes, cuts: cuts, any: adapter.makeDecoder(shape))
    }

    /// The text of an answer, whichever way it was asked for.
    func text(_ bytes: [UInt8], isStream: Bool, cuts: [Int] = []) throws -> String {
        let outcome = outcome(bytes, isStream: isStream, cuts: cuts)
        if let failure = outcome.failure { throw failure }
        guard !isStream else {
            return try outcome.json.map { json in
                try JSON(parsing: Array(json.utf8))["choices"]?[0]?["delta"]?["content"]?.stringValue ?? ""
            }.joined()
        }
        return try JSON(parsing: outcome.end?.body ?? [])["choices"]?[0]?["message"]?["content"]?.stringValue ?? ""
    }

    // MARK: - Formats

    /// `@` stands for the text.
    private struct Format: Sendable {
        var opening: [[UInt8]] = []
        var piece: String
        var closing: [[UInt8]]
        var document: String

        init(opening: [String] = [], piece: String, closing: [String], document: String) {
            self.opening = opening.map { Array($0.utf8) }
            self.piece = piece
            self.closing = closing.map { Array($0.utf8) }
            self.document = document
        }

        static let openAI = Format(
            piece: #"{"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"@"},"finish_reason":null}]}"#,
            closing: [
                #"{"id":"1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
                #"{"id":"1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#, "[DONE]",
            ],
            document: #"{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"#
                + #""message":{"role":"assistant","content":"@"},"finish_reason":"stop"}],"#
                + #""usage":{"prompt_tokens":7,"completion_tokens":3}}"#)

        static let anthropic = Format(
            opening: [
                #"{"type":"message_start","message":{"id":"1","model":"m","usage":{"input_tokens":7}}}"#,
                #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            ],
            piece: #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"@"}}"#,
            closing: [
                #"{"type":"content_block_stop","index":0}"#,
                #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
                #"{"type":"message_stop"}"#,
            ],
            document: #"{"id":"1","type":"message","model":"m","content":[{"type":"text","text":"@"}],"#
                + #""stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3}}"#)

        static let ernie = Format(
            piece: #"{"id":"1","is_end":false,"result":"@"}"#,
            closing: [
                #"{"id":"1","is_end":true,"result":"","finish_reason":"normal","#
                    + #""usage":{"prompt_tokens":7,"completion_tokens":3}}"#
            ],
            document: #"{"id":"1","result":"@","finish_reason":"normal","#
                + #""usage":{"prompt_tokens":7,"completion_tokens":3}}"#)

        static let dashScope = Format(
            piece: #"{"output":{"choices":[{"message":{"content":"@","role":"assistant"},"finish_reason":"null"}]}}"#,
            closing: [
                #"{"output":{"choices":[{"message":{"content":"","role":"assistant"},"finish_reason":"stop"}]},"#
                    + #""usage":{"input_tokens":7,"output_tokens":3}}"#
            ],
            document: #"{"output":{"choices":[{"message":{"content":"@","role":"assistant"},"#
                + #""finish_reason":"stop"}]},"usage":{"input_tokens":7,"output_tokens":3}}"#)

        static let hunyuan = Format(
            piece: #"{"Id":"1","Choices":[{"Index":0,"Delta":{"Content":"@"},"FinishReason":""}]}"#,
            closing: [
                #"{"Id":"1","Choices":[{"Index":0,"Delta":{"Content":""},"FinishReason":"stop"}],"#
                    + #""Usage":{"PromptTokens":7,"CompletionTokens":3}}"#
            ],
            document: #"{"Response":{"Id":"1","Choices":[{"Index":0,"Message":{"Content":"@"},"FinishReason":"stop"}],"#
                + #""Usage":{"PromptTokens":7,"CompletionTokens":3}}}"#)
    }
}
