import Shared
import Testing

@testable import Worker

@Suite struct DeltaCoalescerTests {
    private let chunk = ChunkBody(model: "m")

    private func drained(_ deltas: [ChatDelta]) -> [String] {
        var coalescer = DeltaCoalescer()
        for delta in deltas { coalescer.add(delta) }
        return lines(coalescer.drain() ?? [])
    }

    private func lines(_ payload: [UInt8]) -> [String] {
        payload.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    private func content(_ lines: [String]) throws -> String {
        try lines.map { line in
            let delta = try JSON(parsing: Array(line.utf8))["choices"]?[0]?["delta"]
            return delta?["content"]?.stringValue ?? ""
        }.joined()
    }

    private var call: ChatDelta {
        let call: JSONObject = ["id": "x", "function": ["name": "t"]]
        return chunk.calls(WholeCalls([CallPiece(openAI: call)], CallForm(), choice: 0))[0]
    }

    @Test func `neighbouring texts of one choice become one object`() {
        let lines = drained([chunk.role(), chunk.text("He"), chunk.text("l\"lo\n"), chunk.text("你🙂")])
        #expect(
            lines == [
                #"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel\"lo\n你🙂"},"finish_reason":null}]}"#
            ])
    }

    @Test func `other fields, choices, envelopes and chunks keep their place between texts`() {
        var other = ChunkBody(model: "m")
        other.envelope.set("system_fingerprint", "fp")
        let lines = drained([
            chunk.text("a", .reasoning), chunk.text("b", .reasoning), chunk.text("c"), chunk.text("d", choice: 1),
            chunk.text("e"), other.text("f"), call, chunk.text("g"),
            chunk.text("h"), chunk.finish("stop"),
        ])

        #expect(lines.count == 8)
        #expect(lines[0].contains(#""reasoning_content":"ab""#))
        #expect(lines[1].contains(#""content":"c""#))
        #expect(lines[2].contains(#""index":1,"delta":{"content":"d"}"#))
        #expect(lines[4].contains(#""system_fingerprint":"fp""#))
        #expect(lines[5].contains(#""tool_calls":[{"index":0,"id":"x","type":"function""#))
        #expect(lines[6].contains(#""content":"gh""#))
        #expect(lines[7].contains(#""finish_reason":"stop""#))
    }

    @Test func `a role is kept where it first appears`() {
        var second = chunk.text("b")
        second.content = .text(TextDelta(envelope: chunk.envelope, role: "assistant", text: "b"))

        #expect(drained([chunk.role(), second]).count == 1)
        #expect(drained([chunk.text("a"), second]).count == 2)
    }

    @Test func `draining in any rhythm gives the same text byte for byte`() throws {
        let pieces = ["你", "好", " 🙂", "e", "\u{301}", "\u{200D}", "👩", "\u{200D}👧", "\n", "\"\\", "", "ß"]
        var generator = SplitMix(seed: 23)
        for _ in 0..<300 {
            var coalescer = DeltaCoalescer()
            var expected: [UInt8] = []
            var output: [String] = []
            for _ in 0..<40 {
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                expected += Array(piece.utf8)
                coalescer.add(chunk.text(piece))
                if Int.random(in: 0..<4, using: &generator) == 0 { output += lines(coalescer.drain() ?? []) }
            }
            output += lines(coalescer.drain() ?? [])
            #expect(Array(try content(output).utf8) == expected)
        }
    }

    @Test func `nothing to drain is nil, and a drain empties`() {
        var coalescer = DeltaCoalescer()
        #expect(coalescer.drain() == nil)
        #expect(coalescer.pendingBytes == 0)

        coalescer.add(chunk.text("a"))
        #expect(coalescer.pendingBytes > 0)
        #expect(coalescer.drain() != nil)
        #expect(coalescer.drain() == nil)
        #expect(coalescer.pendingBytes == 0)
    }

    @Test func `role announcements show nothing, text and calls do, once drained`() {
        var coalescer = DeltaCoalescer()
        coalescer.add(chunk.role())
        _ = coalescer.drain()
        #expect(!coalescer.hasVisible && !coalescer.hasShown)

        coalescer.add(call)
        #expect(coalescer.hasVisible && !coalescer.hasShown)

        _ = coalescer.drain()
        #expect(coalescer.hasShown)
    }

    @Test func `output is counted over all drains`() {
        var coalescer = DeltaCoalescer()
        for _ in 0..<10 {
            coalescer.add(chunk.text("你好世"))
            _ = coalescer.drain()
        }
        #expect(coalescer.outputTokens == 20)
    }
}
