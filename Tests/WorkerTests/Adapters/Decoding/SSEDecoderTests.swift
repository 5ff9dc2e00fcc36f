import Shared
import Testing

@testable import Worker

@Suite struct SSEDecoderTests {
    private func decode(_ bytes: [UInt8], cuts: [Int] = []) throws -> [SSEEvent] {
        var decoder = SSEDecoder()
        var events: [SSEEvent] = []
        var start = 0
        for end in cuts.sorted() + [bytes.count] {
            try decoder.feed(Array(bytes[start..<end]), into: &events)
            start = end
        }
        if let last = decoder.finish() { events.append(last) }
        return events
    }

    private func event(_ data: String, name: String? = nil, id: String? = nil, comment: String? = nil) -> SSEEvent {
        SSEEvent(name: name, data: Array(data.utf8), id: id, comment: comment)
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `every line end of the standard ends lines`(_ end: String) throws {
        let text = ["data: a", "data:b", "", ": ping", "", "event: x", "id:7", "data:  c", "", ""].joined(
            separator: end)

        #expect(try decode(Array(text.utf8)) == [event("a\nb"), event(" c", name: "x", id: "7")])
    }

    @Test func `the shape of each platform's stream is read`() throws {
        let dashScope = "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{}\n\n"
        let claude = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

        #expect(try decode(Array(dashScope.utf8)) == [event("{}", name: "result", id: "1", comment: "HTTP_STATUS/200")])
        #expect(try decode(Array(claude.utf8)) == [event(#"{"type":"message_stop"}"#, name: "message_stop")])
    }

    @Test func `a byte order mark, unknown fields and empty data are handled as the standard says`() throws {
        let text = "\u{FEFF}data: a\nretry: 5\nnonsense\n\ndata\n\ndata:\ndata:\n\n"
        #expect(try decode(Array(text.utf8)) == [event("a"), event(""), event("\n")])
    }

    @Test func `an event without its empty line is given at the end`() throws {
        #expect(try decode(Array("data: a\n\ndata: [DONE]".utf8)) == [event("a"), event("[DONE]")])
        #expect(try decode(Array("data: a\n".utf8)) == [event("a")])
        #expect(try decode([]).isEmpty)
    }

    @Test func `cutting the bytes anywhere changes nothing`() throws {
        let text = "\u{FEFF}event: e\r\ndata: 你好 🙂\r\ndata: x\r\n\r\n: c\rdata: é\r\rid: 1\ndata: z\n\n"
        let bytes = Array(text.utf8)
        let whole = try decode(bytes)
        var generator = SplitMix(seed: 11)

        for cut in 0...bytes.count { #expect(try decode(bytes, cuts: [cut]) == whole) }
        #expect(try decode(bytes, cuts: Array(0...bytes.count)) == whole)
        for _ in 0..<500 {
            let cuts = (0..<5).map { _ in Int.random(in: 0...bytes.count, using: &generator) }
            #expect(try decode(bytes, cuts: cuts) == whole)
        }
        #expect(whole.count == 3)
    }

    @Test(arguments: [
        ["data: ", "0123456789"], ["data: 0123\n", "data: 4567\n"], ["a very long line without an end"],
    ])
    func `an event above the limit fails, whole or in pieces`(_ pieces: [String]) throws {
        var decoder = SSEDecoder(maxEventBytes: 12)
        var events: [SSEEvent] = []
        try decoder.feed(Array("data: small\n\n".utf8), into: &events)

        let error = #expect(throws: JobFailure.self) {
            for piece in pieces { try decoder.feed(Array(piece.utf8), into: &events) }
        }
        #expect(error?.kind == .unreadableAnswer)
        #expect(events == [event("small")])
    }

    @Test func `an event of megabytes is read in pieces`() throws {
        let data = String(repeating: "x", count: 4 << 20)
        let bytes = Array("data: \(data)\n\n".utf8)
        let events = try decode(bytes, cuts: Array(stride(from: 0, to: bytes.count, by: 16_384)))
        #expect(events.map(\.data.count) == [4 << 20])
    }
}

/// SplitMix64: the same random choices in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
