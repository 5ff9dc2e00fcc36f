import Shared
import Testing

@testable import Worker

/// Pieces of text that look like repeats of each other.
enum RepeatedPieces {
    static let examples = [
        ["哈", "哈哈", ""], ["哈", "哈", "哈哈", "！", ""], ["你好", "你好，世界", "你好，世界！"],
        ["----------------", "----------------", "----------------", "|"], ["same piece here", "same piece here", ""],
        ["|---|---|---|", "|---|---|---|", "|---|---|---|---|"], ["e", "e\u{301}", "e"], ["\n", "\n\n", "\n"],
    ]

    /// `count` lists from an alphabet of two, so that nearly all of them begin as one that repeats itself.
    static func random(_ count: Int, seed: UInt64) -> [[String]] {
        var generator = SplitMix(seed: seed)
        return (0..<count).map { _ in
            (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                String(
                    repeating: Bool.random(using: &generator) ? "na" : "拉",
                    count: Int.random(in: 1...9, using: &generator))
            }
        }
    }
}

/// No reader compares a piece with what came before it, on any wire.
@Suite struct RepeatedPiecesTests {
    private static let modes: [(provider: Provider, mode: String)] = Provider.allCases.flatMap { provider in
        provider == .sandbox ? [] : provider.modes.map { (provider, $0) }
    }

    @Test(arguments: modes)
    func `text comes out as its pieces came in`(_ provider: Provider, _ mode: String) throws {
        let adapter = try #require(Adapters.adapter(for: Account(id: "a", provider: provider, mode: mode)))
        for pieces in RepeatedPieces.examples + RepeatedPieces.random(200, seed: 7) {
            let bytes = Array(Self.stream(pieces, provider, mode).utf8)
            let answer = ResponseContext(isStream: true, contentType: "text/event-stream", model: "m")
            let outcome = DecodedAnswer(bytes, cuts: [], adapter.makeDecoder(answer))
            #expect(outcome.failure == nil)
            #expect(outcome.text == pieces.joined())
        }
    }

    /// A stop text that was not asked for is part of the answer.
    ///
    /// One that was asked for ends Hunyuan's only.
    @Test func `only the end of Hunyuan's text may be a stop text`() throws {
        let adapter = try #require(Adapters.adapter(for: Account(id: "a", provider: .tencent, mode: "native")))
        for (stops, kept) in [([], "ab ab END"), (["END"], "ab ab "), (["ab"], "ab ab END"), (["x"], "ab ab END")] {
            let bytes = Array(Self.stream(["ab ", "ab ", "EN", "D"], .tencent, "native").utf8)
            let answer = ResponseContext(isStream: true, contentType: "text/event-stream", model: "m", stops: stops)
            #expect(DecodedAnswer(bytes, cuts: [], adapter.makeDecoder(answer)).text == kept)
        }
    }

    private static func stream(_ pieces: [String], _ provider: Provider, _ mode: String) -> String {
        switch (provider, mode) {
        case (.alibaba, "native"): String(decoding: DashScopeFixtures.pieces(pieces), as: UTF8.self)
        case (.anthropic, _): claude(pieces)
        case (.baidu, "legacy"):
            events(pieces) { #"{"id":"i","result":\#($0),"is_end":false}"# }
                + event(#"{"id":"i","result":"","is_end":true,"finish_reason":"normal"}"#)
        case (.tencent, "native"):
            events(pieces) { #"{"Choices":[{"Delta":{"Role":"assistant","Content":\#($0)},"FinishReason":""}]}"# }
                + event(#"{"Choices":[{"Delta":{"Content":""},"FinishReason":"stop"}]}"#)
        default:
            events(pieces) { #"{"model":"m","choices":[{"index":0,"delta":{"content":\#($0)},"finish_reason":null}]}"# }
                + event(#"{"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#) + event("[DONE]")
        }
    }

    private static func claude(_ pieces: [String]) -> String {
        let start =
            event(
                #"{"type":"message_start","message":{"id":"i","model":"m","usage":{"input_tokens":1,"output_tokens":1}}}"#
            )
            + event(#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)
        let text = events(pieces) {
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":\#($0)}}"#
        }
        return start + text + event(#"{"type":"content_block_stop","index":0}"#)
            + event(#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#)
            + event(#"{"type":"message_stop"}"#)
    }

    private static func events(_ pieces: [String], _ json: (String) -> String) -> String {
        pieces.map { event(json(String(decoding: JSON.string($0).encoded, as: UTF8.self))) }.joined()
    }

    private static func event(_ data: String) -> String { "data: \(data)\n\n" }
}

/// Models that are documented to repeat all text in every event.
@Suite struct RepeatedTextTests {
    private func outcome(
        _ pieces: [String], _ mode: String, model: String, isStream: Bool = true
    ) throws -> DecodedAnswer {
        let adapter = try #require(Adapters.adapter(for: Account(id: "a", provider: .alibaba, mode: mode)))
        let chunks = pieces.enumerated().map { index, piece in
            let text = String(decoding: JSON.string(piece).encoded, as: UTF8.self)
            let reason = index == pieces.count - 1 ? #""stop""# : "null"
            return
                "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\(text)},\"finish_reason\":\(reason)}]}\n\n"
        }
        let bytes = mode == "native" ? DashScopeFixtures.pieces(pieces) : Array(chunks.joined().utf8)
        let answer = ResponseContext(isStream: isStream, contentType: "text/event-stream", model: model)
        return DecodedAnswer(bytes, cuts: [], adapter.makeDecoder(answer))
    }

    /// All content as a client joins it, chunks that say more than text included.
    private func text(_ outcome: DecodedAnswer) throws -> String {
        try outcome.json.map {
            try JSON(parsing: Array($0.utf8))["choices"]?.arrayValue?.first?["delta"]?["content"]?.stringValue ?? ""
        }.joined()
    }

    @Test(arguments: ["native", "compatible"], ["qwen-mt-plus", "qwen-mt-turbo"])
    func `Qwen-MT's repeats are given once`(_ mode: String, _ model: String) throws {
        let outcome = try outcome(
            ["I", "I didn", "I didn't", "I didn't laugh.", "I didn't laugh."], mode, model: model)
        #expect(outcome.failure == nil)
        #expect(try text(outcome) == "I didn't laugh.")
    }

    @Test(arguments: ["native", "compatible"], ["qwen-mt-plus", "qwen-mt-turbo"])
    func `repeats are given once in a whole answer, too`(_ mode: String, _ model: String) throws {
        let end = try #require(outcome(["He", "Hello"], mode, model: model, isStream: false).end)
        #expect(try JSON(parsing: end.body)["choices"]?[0]?["message"]?["content"] == "Hello")
    }

    @Test(arguments: ["native", "compatible"], ["qwen-mt-plus", "qwen-mt-turbo"])
    func `what does not repeat is kept whole`(_ mode: String, _ model: String) throws {
        #expect(try text(outcome(["One ", "two ", "three"], mode, model: model)) == "One two three")
    }

    @Test(arguments: ["native", "compatible"], ["qwen-mt-flash", "qwen-mt-lite", "qwen-plus"])
    func `other models are not compared`(_ mode: String, _ model: String) throws {
        #expect(try text(outcome(["I", "I didn", "I didn't"], mode, model: model)) == "II didnI didn't")
    }
}
