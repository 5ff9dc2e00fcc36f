import Shared
import Testing

@testable import Worker

@Suite struct OpenAIDecoderTests {
    private struct Outcome: Equatable {
        var deltas: [ChatDelta] = []
        var end: ChatCompletionEnd?
        var failure: JobFailure?

        var text: String {
            deltas.map { delta in
                guard case .text(let text) = delta.content else { return "" }
                return text.text
            }.joined()
        }
        var json: [String] { deltas.map { String(decoding: $0.json, as: UTF8.self) } }
    }

    private func decode(
        _ bytes: [UInt8], cuts: [Int] = [], isStream: Bool = true, contentType: String? = "text/event-stream"
    ) -> Outcome {
        var shape = ResponseContext(isStream: isStream, contentType: contentType)
        shape.calls.functions = ["get_weather"]
        var decoder = OpenAIOwnDialect.adapter.makeDecoder(shape)
        var outcome = Outcome()
        var start = 0
        for end in cuts.sorted() + [bytes.count] where !decoder.isComplete {
            outcome.deltas += decoder.feed(Array(bytes[start..<end]))
            start = end
        }
        do throws(JobFailure) {
            let end = try decoder.finish()
            outcome.deltas += end.deltas
            outcome.end = end
        } catch {
            outcome.failure = error
        }
        return outcome
    }

    @Test func `a text stream gives its deltas, its usage and its end`() {
        let outcome = decode(OpenAIFixtures.sse(OpenAIFixtures.textChunks))

        #expect(outcome.text == "你好 🙂 e\u{301}")
        #expect(outcome.deltas.map(\.isVisible) == [false, true, true, true, false])
        #expect(outcome.end?.usage?.input == 9)
        #expect(outcome.end?.usage?.output == 3)
        #expect(outcome.end?.finishReason == "stop")
        #expect(outcome.end?.model == "gpt-4.1-mini")
        #expect(outcome.end?.requestID == "chatcmpl-9x")
        #expect(outcome.end?.body == [])
    }

    @Test func `deltas are chunks without envelope, usage and padding`() {
        let json = decode(OpenAIFixtures.sse(OpenAIFixtures.textChunks)).json
        let envelope =
            #"{"model":"gpt-4.1-mini","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"#

        #expect(json[0] == envelope + #""delta":{"role":"assistant","content":""},"finish_reason":null}]}"#)
        #expect(json[1] == envelope + #""delta":{"content":"你"},"finish_reason":null}]}"#)
        #expect(json[4] == envelope + #""delta":{},"logprobs":null,"finish_reason":"stop"}]}"#)
    }

    /// Most chunks repeat what stands around the choices of the last one, and are not searched again.
    @Test func `what a chunk without choices says counts for the chunk after it`() {
        let text = #"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#
        let named = decode(OpenAIFixtures.sse([text, #"{"model":"x","choices":[]}"#, text]))
        #expect(named.json.map { $0.contains(#""model":"x""#) } == [false, true, true])

        let counting = text.dropLast() + #","usage":{"prompt_tokens":10,"completion_tokens":1}}"#
        let more = #"{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5}}"#
        let billed = decode(OpenAIFixtures.sse([String(counting), more, String(counting)]))
        #expect(billed.end?.usage?.input == 10)
        #expect(billed.end?.usage?.output == 1)
    }

    @Test(arguments: [#""error":{"message":"no"}"#, #""finish_reason":"error""#, #""usage":{"completion_tokens":7}"#])
    func `a choice that fails or counts is searched, though all around it is as before`(_ member: String) {
        let text = #"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#
        let outcome = decode(
            OpenAIFixtures.sse([text, text, #"{"choices":[{\#(member),"index":0,"delta":{"content":"a"}}]}"#]))
        #expect(outcome.failure != nil || outcome.end?.usage?.output == 7)
    }

    @Test func `tool calls pass through as they came`() {
        let outcome = decode(OpenAIFixtures.sse(OpenAIFixtures.toolChunks))

        #expect(outcome.json[0].contains(#""tool_calls":[{"index":0,"id":"call_1","type":"function","#))
        #expect(outcome.json[1].contains(##"{"index":0,"function":{"arguments":"{\"city\":"}}"##))
        #expect(outcome.deltas.map(\.isVisible) == [true, true, true, false])
        #expect(outcome.end?.finishReason == "tool_calls")
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `cutting the bytes anywhere changes nothing`(_ lineEnd: String) {
        let bytes = OpenAIFixtures.sse(OpenAIFixtures.textChunks, lineEnd: lineEnd)
        let whole = decode(bytes)
        var generator = SplitMix(seed: 3)

        for cut in 0...bytes.count { #expect(decode(bytes, cuts: [cut]) == whole) }
        for _ in 0..<300 {
            let cuts = (0..<8).map { _ in Int.random(in: 0...bytes.count, using: &generator) }
            #expect(decode(bytes, cuts: cuts) == whole)
        }
        #expect(whole.failure == nil)
    }

    @Test func `a failure gives the same deltas before it however the bytes are cut`() {
        let error = #"{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}"#
        let bytes = OpenAIFixtures.sse(Array(OpenAIFixtures.textChunks.prefix(3)) + [error], done: false)
        let whole = decode(bytes)

        for cut in 0...bytes.count { #expect(decode(bytes, cuts: [cut]) == whole) }
        #expect(whole.failure?.kind == .serverError)
        #expect(whole.text == "你好 🙂")
    }

    @Test func `every prefix of a stream is either whole or broken, never something else`() {
        let bytes = OpenAIFixtures.sse(OpenAIFixtures.textChunks)
        let finishSeen = OpenAIFixtures.sse(Array(OpenAIFixtures.textChunks.prefix(5)), done: false).count
        for length in 0..<bytes.count {
            let outcome = decode(Array(bytes[..<length]))
            if let failure = outcome.failure {
                let hasText = !outcome.text.isEmpty
                #expect(failure.kind == (hasText ? .streamBroken : .unreadableAnswer))
            } else {
                // The finish reason's own event needs no empty line behind it.
                #expect(length >= finishSeen - 2)
            }
        }
    }

    @Test func `a stream without its terminator is whole once every choice has finished`() {
        let chunks = OpenAIFixtures.textChunks
        let one = [
            OpenAIFixtures.chunk(#"{"content":"a"}"#, index: 0), OpenAIFixtures.chunk(#"{"content":"b"}"#, index: 1),
            OpenAIFixtures.chunk("{}", finish: #""stop""#, index: 0),
        ]
        let other = OpenAIFixtures.chunk("{}", finish: #""length""#, index: 1)

        #expect(decode(OpenAIFixtures.sse(chunks, done: false)).end?.usage?.output == 3)
        #expect(decode(OpenAIFixtures.sse(Array(chunks.prefix(4)), done: false)).failure?.kind == .streamBroken)
        #expect(decode(OpenAIFixtures.sse(one, done: false)).failure?.kind == .streamBroken)
        #expect(decode(OpenAIFixtures.sse(one + [other], done: false)).end?.finishReason == "stop")
    }

    @Test func `a choice that first appears after another has finished still must finish`() {
        let chunks = [
            OpenAIFixtures.chunk("{}", finish: #""stop""#, index: 0),
            OpenAIFixtures.chunk(#"{"content":"b"}"#, index: 1),
        ]
        #expect(decode(OpenAIFixtures.sse(chunks, done: false)).failure?.kind == .streamBroken)
    }

    @Test func `an empty stream and one of nothing but a terminator are no answers`() {
        #expect(decode([]).failure?.kind == .unreadableAnswer)
        #expect(decode(OpenAIFixtures.sse([])).failure?.kind == .unreadableAnswer)
        #expect(decode(Array(": ping\n\n".utf8)).failure?.kind == .unreadableAnswer)
    }

    @Test func `what follows the terminator is ignored`() {
        let bytes = OpenAIFixtures.sse(OpenAIFixtures.textChunks) + OpenAIFixtures.sse(OpenAIFixtures.textChunks)
        #expect(decode(bytes).text == "你好 🙂 e\u{301}")
    }

    @Test(arguments: [
        [
            OpenAIFixtures.chunk(
                #"{"content":"a"}"#, finish: #""stop""#, usage: #"{"prompt_tokens":5,"completion_tokens":7}"#)
        ],
        [
            OpenAIFixtures.chunk(#"{"content":"a"}"#, usage: #"{"prompt_tokens":5,"completion_tokens":1}"#),
            OpenAIFixtures.chunk("{}", finish: #""stop""#),
            OpenAIFixtures.chunk("{}", usage: #"{"prompt_tokens":5,"completion_tokens":7}"#),
        ],
    ])
    func `usage is found with choices and after the finish reason, and the last one counts`(_ chunks: [String]) {
        let outcome = decode(OpenAIFixtures.sse(chunks))
        #expect(outcome.end?.usage?.input == 5)
        #expect(outcome.end?.usage?.output == 7)
        #expect(outcome.json.allSatisfy { !$0.contains("usage") })
    }

    @Test func `an event that is no JSON object breaks the stream`() {
        for text in ["{\"a\":", "[1]", "oops"] {
            let bytes = OpenAIFixtures.sse([OpenAIFixtures.textChunks[1], text])
            #expect(decode(bytes).failure?.kind == .unreadableAnswer)
        }
    }

    @Test func `an error event is a failure, by its name or by its shape`() {
        let named = Array("event: error\ndata: {\"code\":\"rate_limit_exceeded\",\"message\":\"x\"}\n\n".utf8)
        #expect(decode(named).failure?.kind == .rateLimited)
    }

    @Test func `a whole answer passes through byte for byte`() {
        let bytes = Array(OpenAIFixtures.completion.utf8)
        let outcome = decode(bytes, cuts: [10, 200], isStream: false, contentType: "application/json")

        #expect(outcome.end?.body == bytes)
        #expect(outcome.end?.usage?.cached == 4)
        #expect(outcome.end?.usage?.reasoning == 2)
        #expect(outcome.end?.finishReason == "stop")
        #expect(outcome.deltas.isEmpty)
    }

    @Test func `a whole answer without usage is counted`() {
        let body = Array(#"{"choices":[{"message":{"role":"assistant","content":"你好世"},"finish_reason":"stop"}]}"#.utf8)
        let end = decode(body, isStream: false, contentType: nil).end

        #expect(end?.usage == nil)
        #expect(end?.countedTokens == 2)
    }

    @Test func `an error in a 200 is a failure, whether a stream was asked for or not`() {
        let body = Array(#"{"error":{"message":"slow","type":"rate_limit_error","code":"slow_down"}}"#.utf8)
        for isStream in [true, false] {
            let outcome = decode(body, isStream: isStream, contentType: "application/json")
            #expect(outcome.failure?.kind == .rateLimited)
            #expect(outcome.failure?.upstreamStatus == nil)
        }
    }

    @Test(arguments: ["", "ok", "{}", #"{"choices":[]}"#, "[]"])
    func `a 200 that is no completion is named as such`(_ body: String) {
        let outcome = decode(Array(body.utf8), isStream: false, contentType: "application/json")
        #expect(outcome.failure?.kind == .unreadableAnswer)
    }

    @Test func `a web page in place of a stream is named as such`() {
        let outcome = decode(Array("<html>Sign in</html>".utf8), contentType: "text/html; charset=utf-8")
        #expect(outcome.failure == .webPage)
        #expect(outcome.failure?.message.contains("web page") == true)
    }

    @Test func `a stream answered with one JSON object becomes deltas`() {
        let body = Array(OpenAIFixtures.completion.utf8)
        for contentType in ["application/json", "text/event-stream", nil] {
            let outcome = decode(body, contentType: contentType)
            #expect(outcome.json.count == 1)
            #expect(outcome.json[0].contains(#""delta":{"role":"assistant","content":"你好""#))
            #expect(outcome.json[0].contains(#""finish_reason":"stop""#))
            #expect(outcome.end?.usage?.output == 3)
            #expect(outcome.end?.body == [])
        }
    }

    @Test func `mutated streams never crash and never pass a failure off as an end`() {
        let seed = OpenAIFixtures.sse(OpenAIFixtures.toolChunks)
        var generator = SplitMix(seed: 5)
        var failures = 0
        for _ in 0..<10_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                if Bool.random(using: &generator) {
                    bytes[index] = UInt8.random(in: 0...255, using: &generator)
                } else {
                    bytes.remove(at: index)
                }
            }
            let outcome = decode(bytes)
            failures += outcome.failure == nil ? 0 : 1
            #expect((outcome.failure == nil) != (outcome.end == nil))
            #expect(outcome.deltas.allSatisfy { (try? JSON(parsing: $0.json)) != nil })
        }
        #expect(failures > 1000)
    }
}
