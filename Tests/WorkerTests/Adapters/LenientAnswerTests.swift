import Shared
import Testing

@testable import Worker

/// Slips of servers, on every platform: the answer was paid for, and is given.
@Suite struct LenientAnswerTests {
    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    // MARK: - Documents

    /// Changes to a whole document that leave its text as it is.
    private static let slips: [(name: String, change: @Sendable ([UInt8]) -> [UInt8])] = [
        ("a byte order mark", { mark + $0 }), ("white space and a mark", { Array(" \r\n".utf8) + mark + $0 }),
        ("zeros at the end", { $0 + [0, 0, 0] }), ("the end of a stream", { $0 + Array("\n\ndata: [DONE]\n\n".utf8) }),
        ("a member twice", { replacing($0, "{", with: #"{"x":1,"x":2,"#) }),
        ("numbers that are none", { replacing($0, "{", with: #"{"x":NaN,"y":-Infinity,"z":[+1,.5,2.,007],"#) }),
        ("words of Python", { replacing($0, "{", with: #"{"x":None,"y":[True,False,],"#) }),
        (
            "bytes that are no UTF-8",
            { replacing($0, "{", with: [UInt8](#"{"x":""#.utf8) + [0xFF, 0xC0] + Array("\",".utf8)) }
        ),
        ("half a pair", { replacing($0, "{", with: #"{"x\ude00":"\ud83d","#) }),
        ("a comma too many", { Array($0.dropLast()) + Array(",}".utf8) }),
    ]

    private static func replacing(_ bytes: [UInt8], _ first: Character, with text: String) -> [UInt8] {
        replacing(bytes, first, with: Array(text.utf8))
    }

    private static func replacing(_ bytes: [UInt8], _ first: Character, with text: [UInt8]) -> [UInt8] {
        let place = bytes.firstIndex(of: first.asciiValue ?? 0) ?? 0
        return bytes[..<place] + text + bytes[(place + 1)...]
    }

    @Test(arguments: AnswerWire.all)
    func `a document with a slip is read`(_ wire: AnswerWire) throws {
        for slip in Self.slips {
            let bytes = slip.change(wire.document("你好"))
            for isStream in [false, true] {
                let outcome = wire.outcome(bytes, isStream: isStream)
                #expect(outcome.failure == nil, "\(slip.name)")
                #expect(outcome.end?.usage?.output == 3, "\(slip.name)")
                #expect(try wire.text(bytes, isStream: isStream) == "你好", "\(slip.name)")
            }
        }
    }

    @Test(arguments: AnswerWire.all)
    func `a text with a slip is read`(_ wire: AnswerWire) throws {
        let texts: [([UInt8], String)] = [
            (Array("a\nb\tc\u{1}".utf8), "a\nb\tc\u{1}"), ([0x61, 0xE4, 0xBD, 0x62], "a\u{FFFD}b"),
            (Array(#"a\ud83db"#.utf8), "a\u{FFFD}b"), (Array(#"\(x\) \d"#.utf8), #"\(x\) \d"#),
            ([0x61, 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], "a😀"), (Array(#"a\ud83d"#.utf8), "a\u{FFFD}"),
        ]
        for (text, expected) in texts {
            #expect(try wire.text(wire.document(text), isStream: false) == expected)
            #expect(try wire.text(wire.document(text), isStream: true) == expected)
        }
    }

    // MARK: - Streams

    /// Pieces of one text, and the text.
    private static let pieces: [([[UInt8]], String)] = [
        ([Array(#"A\ud83d"#.utf8), Array(#"\ude00B"#.utf8)], "A😀B"),
        ([Array(#"\uD83D"#.utf8), Array(#"\uDE00"#.utf8), Array("B".utf8)], "😀B"),
        ([Array(#"\ud83d"#.utf8), [], Array(#"\ude00\ud83d"#.utf8), Array(#"\ude00"#.utf8)], "😀😀"),
        ([[0x41, 0xF0, 0x9F], [0x98, 0x80, 0x42]], "A😀B"), ([[0xF0], [0x9F], [0x98], [0x80, 0x42]], "😀B"),
        ([[0x41, 0xE4, 0xBD], [0xA0, 0x42]], "A你B"),
        ([[0x41, 0xED, 0xA0, 0xBD], [0xED, 0xB8, 0x80, 0x42]], "A😀B"),
        ([Array(#"A\ud83d"#.utf8), Array("B".utf8)], "A\u{FFFD}B"), ([Array(#"A\ud83d"#.utf8)], "A\u{FFFD}"),
        ([Array("A".utf8), Array(#"\ude00B"#.utf8)], "A\u{FFFD}B"),
        ([[0x41, 0xE4, 0xBD], Array("B".utf8)], "A\u{FFFD}B"),
        ([[0x41, 0xFF], Array("B".utf8)], "A\u{FFFD}B"),
        ([Array(#"A\ud83d"#.utf8), Array(#"\ud83d"#.utf8), Array(#"\ude00B"#.utf8)], "A\u{FFFD}😀B"),
    ]

    @Test(arguments: AnswerWire.all)
    func `a character that is cut between two pieces is joined`(_ wire: AnswerWire) throws {
        for (pieces, expected) in Self.pieces {
            let bytes = wire.stream(pieces)
            #expect(try wire.text(bytes, isStream: true) == expected)
            #expect(try wire.text(bytes, isStream: false) == expected)
            #expect(wire.outcome(bytes, isStream: true).end?.usage?.output == 3)
        }
    }

    @Test(arguments: AnswerWire.all)
    func `how TCP cuts a stream changes nothing`(_ wire: AnswerWire) throws {
        let bytes = Self.mark + wire.stream(Self.pieces[0].0)
        let whole = wire.outcome(bytes, isStream: true)
        for cut in 0...bytes.count {
            #expect(wire.outcome(bytes, isStream: true, cuts: [cut]).text == whole.text)
        }
    }

    @Test func `texts of other places are left alone between two halves`() throws {
        func event(_ choices: String...) -> String { "data: {\"choices\":[\(choices.joined(separator: ","))]}\n\n" }
        func content(_ index: Int, _ text: String) -> String {
            #"{"index":\#(index),"delta":{"content":"\#(text)"},"finish_reason":null}"#
        }
        let bytes = Array(
            (event(content(0, #"a\ud83d"#)) + event(content(1, #"b\ud83d"#)) + event(content(0, #"\ude00"#))
                + event(content(1, #"\ude42c"#))
                + event(#"{"index":0,"delta":{},"finish_reason":"stop"}"#)
                + event(#"{"index":1,"delta":{},"finish_reason":"stop"}"#) + "data: [DONE]\n\n").utf8)
        let outcome = AnswerWire.openAI.outcome(bytes, isStream: true)
        var texts = [0: "", 1: ""]
        for case .text(let text) in outcome.deltas.map(\.content) { texts[text.choice]? += text.text }
        #expect(texts == [0: "a😀", 1: "b🙂c"])
        #expect(outcome.end?.finishReason == "stop")
    }

    @Test func `thinking and the arguments of calls are joined, too`() throws {
        func delta(_ members: String) -> String {
            "data: {\"choices\":[{\"index\":0,\"delta\":{\(members)},\"finish_reason\":null}]}\n\n"
        }
        func arguments(_ text: String) -> String {
            delta(
                #""tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"\#(text)"}}]"#
            )
        }
        let bytes =
            delta(#""reasoning_content":"想\ud83d""#) + delta(#""reasoning_content":"\ude00""#)
            + arguments(#"{\"a\":\"\ud83d"#) + arguments(#"\ude42\"}"#)
            + #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"# + "\n\ndata: [DONE]\n\n"
        let outcome = AnswerWire.openAI.outcome(Array(bytes.utf8), isStream: true)
        #expect(outcome.text(.reasoning) == "想😀")
        #expect(try outcome.arguments() == #"{"a":"🙂"}"#)
    }

    @Test func `Claude's arguments are joined by their block`() throws {
        let bytes = [
            #"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":\"\ud83d"}}"#,
            #"{"type":"ping"}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\ude42\"}"}}"#,
            #"{"type":"message_stop"}"#,
        ].map { "data: \($0)\n\n" }.joined()
        #expect(try AnswerWire.anthropic.outcome(Array(bytes.utf8), isStream: true).arguments() == #"{"a":"🙂"}"#)
    }

    @Test func `a half whose other half never comes holds nothing back for long`() {
        let adapter = AnswerWire.openAI
        let pings = (0..<20).map { _ in #"data: {"choices":[]}"# + "\n\n" }.joined()
        let bytes = adapter.stream(#"A\ud83d"#)
        let end = bytes.count - adapter.stream().count
        let outcome = adapter.outcome(bytes[..<end] + Array(pings.utf8), isStream: true)
        #expect(outcome.text == "A\u{FFFD}")
        #expect(outcome.failure?.kind == .streamBroken)
    }

    // MARK: - Forms

    @Test(arguments: AnswerWire.all)
    func `events where a document was asked for are put together to one`(_ wire: AnswerWire) throws {
        for contentType in ["text/event-stream", "application/json", nil] {
            let outcome = wire.outcome(
                wire.stream("Hel", "lo \\ud83d\\ude42", "!"), isStream: false, contentType: contentType)
            let body = try JSON(parsing: outcome.end?.body ?? [])
            #expect(body["choices"]?[0]?["message"]?["content"] == "Hello 🙂!")
            #expect(body["choices"]?[0]?["message"]?["role"] == "assistant")
            #expect(body["choices"]?[0]?["finish_reason"] == "stop")
            #expect(body["object"] == "chat.completion")
            #expect(body["usage"]?["completion_tokens"] == 3)
            #expect(body["id"]?.stringValue?.isEmpty == false)
            #expect(outcome.end?.usage?.input == 7)
            #expect(outcome.deltas.isEmpty)
        }
    }

    @Test(arguments: AnswerWire.all)
    func `a document where events were asked for becomes a stream`(_ wire: AnswerWire) throws {
        for before in [[], Array("\n \r\n".utf8), Self.mark, Self.mark + [0x20]] {
            #expect(try wire.text(before + wire.document("Hello"), isStream: true, cuts: [1, 2]) == "Hello")
            #expect(try wire.text(before + wire.stream("Hel", "lo"), isStream: true, cuts: [1, 2]) == "Hello")
            #expect(try wire.text(before + wire.stream("Hel", "lo"), isStream: false, cuts: [1, 2]) == "Hello")
            #expect(try wire.text(before + wire.document("Hello"), isStream: false, cuts: [1, 2]) == "Hello")
        }
    }

    @Test(arguments: AnswerWire.all)
    func `comments in front keep a connection alive and are nothing else`(_ wire: AnswerWire) throws {
        let comments = Array(": PROCESSING\n\n: {\n\n".utf8)
        for isStream in [true, false] {
            for cut in 0..<20 {
                #expect(try wire.text(comments + wire.document("Hello"), isStream: isStream, cuts: [cut]) == "Hello")
                #expect(try wire.text(comments + wire.stream("Hello"), isStream: isStream, cuts: [cut]) == "Hello")
            }
        }
    }

    @Test(arguments: AnswerWire.all)
    func `an error that nobody can read is the platform's failure and no answer`(_ wire: AnswerWire) {
        for data in ["upstream connect error", "{", "[1]", "null"] {
            let outcome = wire.outcome(Array("event: error\ndata: \(data)\n\n".utf8), isStream: true)
            #expect(outcome.failure == .unreadableError)
        }
    }

    @Test(arguments: AnswerWire.all)
    func `what holds no answer is named, and what was cut is not taken for whole`(_ wire: AnswerWire) {
        let document = wire.document("Hello")
        let stream = wire.stream("Hel", "lo")
        let comments = Array(": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n".utf8)
        let bodies = [
            [], Self.mark, Array(" \n".utf8), comments, Array("OK".utf8), Array("[]".utf8), Array("{}".utf8),
            Array("null".utf8), Array("data: [DONE]\n\n".utf8), Array("data: {\n\n".utf8),
            Array(document.dropLast(5)), document + document,
        ]
        for isStream in [true, false] {
            for body in bodies {
                #expect(wire.outcome(body, isStream: isStream).failure?.kind == .unreadableAnswer)
            }
            for page in ["<html>", " <!doctype html>", "\u{FEFF}<?xml version=\"1.0\"?><a/>"] {
                #expect(wire.outcome(Array(page.utf8), isStream: isStream).failure == .webPage)
            }
        }
        // Nobody saw a part of it, so it is not a stream that broke.
        #expect(
            wire.outcome(Array(stream.prefix(stream.count / 2)), isStream: false).failure?.kind == .unreadableAnswer)
    }

    @Test(arguments: AnswerWire.all)
    func `JSON that is called a page is no page`(_ wire: AnswerWire) throws {
        for body in [wire.document("Hello"), wire.stream("Hello")] {
            #expect(wire.outcome(body, isStream: true, contentType: "text/html; charset=utf-8").failure == nil)
        }
        let page = wire.outcome(Array("Sign in, please".utf8), isStream: true, contentType: "text/html")
        #expect(page.failure == .webPage)
    }

    @Test(arguments: AnswerWire.all)
    func `a refusal with a slip is understood`(_ wire: AnswerWire) throws {
        let adapter = try #require(Adapters.adapter(for: wire.account))
        let text =
            #"{"error":{"message":"slow \ud83d down","type":"rate_limit_error","code":"x","code":"rate_limit_exceeded",}}"#
        for body in [Array(text.utf8), Self.mark + Array(text.utf8), Array("data: \(text)\n\n".utf8)] {
            let refusal = UpstreamResponse(status: 429, headers: { _ in nil }, body: body, now: 0)
            #expect(adapter.failure(refusal).kind == .rateLimited)
        }
    }

    // MARK: - Hostile events

    private func stream(_ member: String, content: String = "a") -> [UInt8] {
        let choice = #"{"index":0,"delta":{"content":"\#(content)"},"finish_reason":"stop"}"#
        return Array("data: {\(member),\"choices\":[\(choice)]}\n\ndata: [DONE]\n\n".utf8)
    }

    @Test func `half a character far inside an event is found at once`() throws {
        let nested = String(repeating: "[", count: 60) + #""\ud83d""# + String(repeating: "]", count: 60)
        let bytes = stream(#""x":\#(nested)"#)
        let start = ContinuousClock.now

        #expect(try AnswerWire.openAI.text(bytes, isStream: true) == "a")
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `an event of many members is read at once`() throws {
        let members = (0..<100_000).map { #""x\#($0)":1"# }.joined(separator: ",")
        let bytes = stream(members, content: #"a\ud83db"#)
        let start = ContinuousClock.now
        let outcome = AnswerWire.openAI.outcome(bytes, isStream: true)

        #expect(outcome.failure == nil && outcome.end?.finishReason == "stop")
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func `a long comment in front of an answer is read once`() throws {
        for answer in [AnswerWire.openAI.document("a"), AnswerWire.openAI.stream("a")] {
            let bytes = Array(" :".utf8) + [UInt8](repeating: 0x78, count: 1 << 20) + Array("\n: b\n\n".utf8) + answer
            let start = ContinuousClock.now
            let cuts = Array(stride(from: 0, to: bytes.count, by: 256))

            #expect(try AnswerWire.openAI.text(bytes, isStream: true, cuts: cuts) == "a")
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }
}

extension DecodedAnswer {
    init(_ bytes: [UInt8], cuts: [Int], any decoder: any ResponseDecoder) {
        self.init(bytes, cuts: cuts.filter { $0 <= bytes.count }, decoder)
    }
}
