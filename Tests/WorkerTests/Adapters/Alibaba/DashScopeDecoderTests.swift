import Shared
import Testing

@testable import Worker

@Suite struct DashScopeDecoderTests {
    @Test func `a text stream gives its deltas, its usage and its end`() {
        let outcome = dashScopeOutcome(DashScopeFixtures.textStream)
        let head = #"{"model":"qwen-plus","choices":[{"index":0,"delta":"#

        #expect(outcome.text == "你好 🙂 e\u{301}")
        #expect(
            outcome.json == [
                head + #"{"role":"assistant","content":""},"finish_reason":null}]}"#,
                head + #"{"content":"你"},"finish_reason":null}]}"#,
                head + #"{"content":"好 🙂"},"finish_reason":null}]}"#,
                head + #"{"content":" e\#u{301}"},"finish_reason":null}]}"#,
                head + #"{},"finish_reason":"stop"}]}"#,
            ])
        #expect(outcome.deltas.map(\.isVisible) == [false, true, true, true, false])
        #expect(outcome.end?.usage == TokenUsage(input: 9, output: 4))
        #expect(outcome.end?.finishReason == "stop")
        #expect(outcome.end?.model == "qwen-plus")
        #expect(outcome.end?.requestID == "r-1")
        #expect(outcome.end?.body == [])
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `cutting the bytes anywhere changes nothing`(_ lineEnd: String) {
        let bytes = DashScopeFixtures.textStream(lineEnd: lineEnd)
        let whole = dashScopeOutcome(bytes)
        for cut in 0...bytes.count { #expect(dashScopeOutcome(bytes, cuts: [cut]) == whole) }
        #expect(dashScopeOutcome(bytes, cuts: Array(0...bytes.count)) == whole)
        #expect(whole.failure == nil)
    }

    @Test(arguments: [
        DashScopeFixtures.toolStream, DashScopeFixtures.reasoningStream, DashScopeFixtures.multimodalStream,
    ])
    func `other streams are the same however they are cut, too`(_ bytes: [UInt8]) {
        let whole = dashScopeOutcome(bytes)
        for cut in 0...bytes.count { #expect(dashScopeOutcome(bytes, cuts: [cut]) == whole) }
        #expect(whole.failure == nil)
    }

    @Test func `tool calls keep the id and the name of their first part`() throws {
        let outcome = dashScopeOutcome(DashScopeFixtures.toolStream)

        #expect(try outcome.arguments(0) == #"{"city":"北京"}"#)
        #expect(try outcome.arguments(1) == "{}")
        #expect(
            outcome.json[1].contains(
                #""tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}}]"#
            ))
        #expect(
            outcome.json[2].contains(##""tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]"##))
        #expect(outcome.json.allSatisfy { !$0.contains(#""id":"""#) && !$0.contains(#""name":"""#) })
        #expect(outcome.end?.finishReason == "tool_calls")
        #expect(outcome.end?.usage?.output == 12)
    }

    @Test func `reasoning comes before the answer in a field of its own`() {
        let outcome = dashScopeOutcome(DashScopeFixtures.reasoningStream)
        #expect(outcome.text(.reasoning) == "想一想")
        #expect(outcome.text == "好")
        #expect(outcome.json[1].contains(#""delta":{"reasoning_content":"想"}"#))
    }

    @Test func `answers of the multimodal endpoint are arrays of texts`() {
        let outcome = dashScopeOutcome(DashScopeFixtures.multimodalStream)
        #expect(outcome.text == "一只狗。")
        #expect(outcome.end?.usage?.output == 6)
    }

    @Test(arguments: ["content", "reasoning_content"])
    func `pieces are new text, however much they look like what came before`(_ field: String) {
        for pieces in RepeatedPieces.examples {
            let bytes = DashScopeFixtures.pieces(pieces, field: field)
            let outcome = dashScopeOutcome(bytes)
            #expect(outcome.text(field == "content" ? .content : .reasoning) == pieces.joined())
            #expect(outcome.end?.finishReason == "stop")
        }
    }

    @Test func `each piece is given out at once`() {
        let outcome = dashScopeOutcome(DashScopeFixtures.pieces(["哈", "哈哈", "哈哈哈哈", ""]))
        #expect(outcome.pieces() == ["哈", "哈哈", "哈哈哈哈"])
    }

    @Test func `several choices end when each has finished`() {
        let first = DashScopeFixtures.event(#""content":"a""#, index: #""index":0,"#)
        let second = DashScopeFixtures.event(#""content":"b""#, index: #""index":1,"#)
        let ends = (0...1).map {
            DashScopeFixtures.event(#""content":"""#, finish: #""length""#, index: #""index":\#($0),"#)
        }
        let whole = dashScopeOutcome(DashScopeFixtures.bytes(first, second, ends[0], ends[1]))
        let broken = dashScopeOutcome(DashScopeFixtures.bytes(first, second, ends[0]))

        #expect(whole.end?.finishReason == "length")
        #expect(whole.json.filter { $0.contains(#""role":"assistant""#) }.count == 2)
        #expect(broken.failure?.kind == .streamBroken)
    }

    @Test func `usage after the finish reason counts, text does not`() {
        let again = DashScopeFixtures.event(#""content":"你好""#, finish: #""stop""#, output: 7)
        let outcome = dashScopeOutcome(DashScopeFixtures.textStream + Array(again.utf8))
        #expect(outcome.text == "你好 🙂 e\u{301}")
        #expect(outcome.end?.usage?.output == 7)
    }

    @Test func `every prefix of a stream is either whole or broken, never something else`() {
        let bytes = DashScopeFixtures.textStream
        for length in 0..<bytes.count {
            let outcome = dashScopeOutcome(Array(bytes[..<length]))
            // The last event needs no empty line behind it.
            let broken: JobFailure.Kind = outcome.text.isEmpty ? .unreadableAnswer : .streamBroken
            #expect(outcome.failure == nil ? length >= bytes.count - 2 : outcome.failure?.kind == broken)
        }
    }

    @Test func `a failure in the middle has the status of its comment and the deltas before it`() {
        let events = [
            DashScopeFixtures.event(#""content":"半""#),
            DashScopeFixtures.error("DataInspectionFailed", "Output data may contain inappropriate content."),
        ]
        let bytes = Array(events.joined().utf8)
        let whole = dashScopeOutcome(bytes)
        for cut in 0...bytes.count { #expect(dashScopeOutcome(bytes, cuts: [cut]) == whole) }
        #expect(whole.text == "半")
        #expect(whole.failure?.kind == .contentFiltered)
        #expect(whole.failure?.upstreamStatus == 400)
        #expect(whole.failure?.code == "DataInspectionFailed")
    }

    @Test func `an event with a code is a failure, whatever its name`() {
        let bytes = Array(#"data:{"code":"Throttling.RateQuota","message":"slow","request_id":"r"}"#.utf8)
        let failure = dashScopeOutcome(bytes + Array("\n\n".utf8)).failure
        #expect(failure?.kind == .rateLimited)
        #expect(failure?.upstreamStatus == nil)
    }

    @Test(arguments: ["{\"a\":", "[1]", "oops"])
    func `an event that is no JSON object breaks the stream`(_ data: String) {
        #expect(
            dashScopeOutcome(DashScopeFixtures.textStream + Array("data:\(data)\n\n".utf8)).failure?.kind
                == .unreadableAnswer)
    }

    @Test func `heartbeats and empty bodies are told apart from answers`() {
        #expect(dashScopeOutcome(Array(": ping\n\n".utf8) + DashScopeFixtures.textStream).text == "你好 🙂 e\u{301}")
        #expect(dashScopeOutcome([]).failure?.kind == .unreadableAnswer)
        #expect(dashScopeOutcome(Array(": ping\n\n".utf8)).failure?.kind == .unreadableAnswer)
    }

    @Test func `an event of megabytes is read, one above the limit is not`() {
        let bytes = DashScopeFixtures.pieces([String(repeating: "图", count: 1_000_000), ""])
        #expect(dashScopeOutcome(bytes, cuts: [70_000, 1_500_001]).text.count == 1_000_000)
        #expect(dashScopeOutcome(bytes, maxEventBytes: 1000).failure?.kind == .unreadableAnswer)
    }

    @Test func `choices beyond what may be asked for are not kept`() {
        let said = ["-1", "128", "9223372036854775807"].map {
            DashScopeFixtures.event(#""content":"x""#, index: #""index":\#($0),"#)
        }
        let end = DashScopeFixtures.event(#""content":"a""#, finish: #""stop""#, index: #""index":127,"#)
        let outcome = dashScopeOutcome(Array((said.joined() + end).utf8))

        #expect(outcome.failure == nil)
        #expect(outcome.text == "a")
    }
}
