import Shared
import Testing

struct CompletionAssemblyTests {
    private func assembled(_ payloads: String..., usage: JSON? = nil) -> String {
        var assembly = CompletionAssembly()
        for payload in payloads { assembly.add(payload.utf8) }
        return String(decoding: assembly.completion(id: "0-x", created: 7, usage: usage).encoded, as: UTF8.self)
    }

    private func chunk(_ delta: String, index: Int = 0, finish: String = "null") -> String {
        #"{"model":"m","choices":[{"index":\#(index),"delta":\#(delta),"finish_reason":\#(finish)}]}"#
    }

    private let head = #"{"id":"chatcmpl-0-x","object":"chat.completion","created":7,"model":"m","choices":["#

    @Test func `texts are joined in order`() {
        let whole = assembled(
            chunk(#"{"role":"assistant","content":""}"#),
            chunk(#"{"content":"你"}"#) + "\n" + chunk(#"{"content":"好"}"#),
            chunk("{}", finish: #""stop""#), usage: ["total_tokens": 3])

        #expect(
            whole == head
                + #"{"index":0,"message":{"role":"assistant","content":"你好","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"total_tokens":3}}"#
        )
    }

    @Test func `reasoning is kept apart from the answer`() {
        let whole = assembled(
            chunk(#"{"reasoning_content":"hm"}"#), chunk(#"{"reasoning_content":"m"}"#), chunk(#"{"content":"4"}"#))

        #expect(
            whole == head
                + #"{"index":0,"message":{"role":"assistant","content":"4","refusal":null,"reasoning_content":"hmm"},"logprobs":null,"finish_reason":null}]}"#
        )
    }

    @Test func `tool calls are joined by their index`() {
        let whole = assembled(
            chunk(#"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}"#),
            chunk(
                #"{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]}"#),
            chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}"#),
            chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}"#, finish: #""tool_calls""#))

        #expect(
            whole == head
                + #"{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":["#
                + #"{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},"#
                + #"{"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}]}"#
        )
    }

    @Test func `lists are joined, and a call in the old style`() {
        let whole = assembled(
            chunk(#"{"thinking_blocks":[1],"function_call":{"name":"f","arguments":"{"}}"#),
            chunk(#"{"thinking_blocks":[2],"function_call":{"arguments":"}"}}"#),
            #"{"choices":[{"index":0,"delta":{},"logprobs":{"content":[1],"refusal":null}}]}"#,
            #"{"choices":[{"index":0,"delta":{},"logprobs":{"content":[2],"refusal":null}}]}"#)

        #expect(whole.contains(#""thinking_blocks":[1,2],"function_call":{"name":"f","arguments":"{}"}"#))
        #expect(whole.contains(#""logprobs":{"content":[1,2],"refusal":null}"#))
    }

    @Test func `several answers stay apart`() {
        let whole = assembled(
            chunk(#"{"content":"b"}"#, index: 1), chunk(#"{"content":"a"}"#), chunk(#"{"content":"B"}"#, index: 1))

        #expect(
            whole == head
                + #"{"index":0,"message":{"role":"assistant","content":"a","refusal":null},"logprobs":null,"finish_reason":null},"#
                + #"{"index":1,"message":{"role":"assistant","content":"bB","refusal":null},"logprobs":null,"finish_reason":null}]}"#
        )
    }

    @Test func `a restart forgets what came before`() {
        var assembly = CompletionAssembly()
        assembly.add(chunk(#"{"content":"old"}"#).utf8)
        assembly.restart()
        assembly.add(chunk(#"{"content":"new"}"#).utf8)

        let whole = String(decoding: assembly.completion(id: "0-x", created: 7, usage: nil).encoded, as: UTF8.self)
        #expect(!whole.contains("old"))
        #expect(whole.contains("new"))
    }

    @Test func `long lists are joined at once`() {
        let piece = #"{"choices":[{"index":0,"delta":{},"logprobs":{"content":[1]}}]}"#
        var assembly = CompletionAssembly()
        let start = ContinuousClock.now
        for _ in 0..<20_000 { assembly.add(piece.utf8) }
        let whole = assembly.completion(id: "0-x", created: 7, usage: nil)

        #expect(whole["choices"]?[0]?["logprobs"]?["content"]?.arrayValue?.count == 20_000)
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
