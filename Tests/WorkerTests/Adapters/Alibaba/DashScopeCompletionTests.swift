import Shared
import Testing

@testable import Worker

@Suite struct DashScopeCompletionTests {
    private func decode(_ body: String, isStream: Bool = false) -> DecodedAnswer {
        dashScopeOutcome(
            Array(body.utf8), cuts: [body.utf8.count / 2], isStream: isStream, contentType: "application/json")
    }

    @Test func `a whole answer becomes a chat completion`() {
        let end = decode(DashScopeFixtures.completion).end
        #expect(
            end.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"id":"902fee3b-1","object":"chat.completion","created":1795380000,"model":"qwen-plus","choices":"#
                + #"[{"index":0,"message":{"role":"assistant","content":"你好 🙂","refusal":null,"reasoning_content":"想"},"#
                + #""logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":5,"#
                + #""total_tokens":25,"prompt_tokens_details":{"cached_tokens":8},"#
                + #""completion_tokens_details":{"reasoning_tokens":2}}}"#)
        #expect(end?.usage == TokenUsage(input: 20, output: 5, cached: 8, reasoning: 2))
        #expect(end?.requestID == "902fee3b-1")
        #expect(end?.finishReason == "stop")
    }

    @Test func `calls take the place of an empty content`() throws {
        let body =
            ##"{"request_id":"r","output":{"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":"","##
            + ##""tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]}}]},"usage":{}}"##
        let end = decode(body).end
        let message = try JSON(parsing: end?.body ?? [])["choices"]?.arrayValue?.first?["message"]

        #expect(message?["content"] == .null)
        #expect(
            message?["tool_calls"]
                == [["id": "call_1", "type": "function", "function": ["name": "f", "arguments": "{}"]]])
        #expect(end?.usage == nil)
        #expect(end?.countedTokens == 1)
    }

    @Test(arguments: [
        #"{"request_id":"r","output":{"choices":[{"finish_reason":"length","message":{"content":[{"text":"一只"},{"text":"狗"}]}}]}}"#,
        #"{"request_id":"r","output":{"text":"一只狗","finish_reason":"length"}}"#,
    ])
    func `answers of the multimodal endpoint and of the old format are texts`(_ body: String) throws {
        let end = decode(body).end
        let choice = try JSON(parsing: end?.body ?? [])["choices"]?.arrayValue?.first
        #expect(choice?["message"]?["content"] == "一只狗")
        #expect(end?.finishReason == "length")
    }

    @Test func `log probabilities and search results are kept`() throws {
        let logprobs: JSON = ["content": [["token": "a", "logprob": -1]], "refusal": .null]
        let body: JSON = [
            "request_id": "r",
            "output": [
                "choices": [["finish_reason": "stop", "message": ["content": "a"], "logprobs": logprobs]],
                "search_info": ["search_results": []],
            ],
        ]
        let text = String(decoding: body.encoded, as: UTF8.self)
        let whole = try JSON(parsing: decode(text).end?.body ?? [])

        #expect(whole["choices"]?.arrayValue?.first?["logprobs"] == logprobs)
        #expect(whole["search_info"] == ["search_results": []])
        let deltas = decode(text, isStream: true).json
        #expect(deltas[2].contains(#""delta":{},"logprobs":{"content":[{"token":"a","logprob":-1}],"refusal":null}"#))
        #expect(deltas.last?.contains(#""choices":[],"search_info":{"search_results":[]}"#) == true)
    }

    @Test func `a whole answer where a stream was asked for becomes deltas`() {
        let outcome = decode(DashScopeFixtures.completion, isStream: true)
        #expect(outcome.text == "你好 🙂")
        #expect(outcome.text(.reasoning) == "想")
        #expect(outcome.json.last?.contains(#""finish_reason":"stop""#) == true)
        #expect(outcome.end?.usage?.output == 5)
        #expect(outcome.end?.body == [])
    }

    @Test func `a code inside a 200 is a failure, whether a stream was asked for or not`() {
        for isStream in [true, false] {
            let outcome = decode(
                #"{"code":"Arrearage","message":"Access denied","request_id":"r"}"#, isStream: isStream)
            #expect(outcome.failure?.kind == .quotaExhausted)
        }
        #expect(decode(#"{"code":"","message":"","output":{"text":"a","finish_reason":"stop"}}"#).failure == nil)
        #expect(
            decode(DashScopeFixtures.error("InternalError.Algo", "x", status: 500)).failure?.kind == .serverError)
    }

    @Test(arguments: ["", "ok", "{}", #"{"output":{"choices":[]}}"#, "[]"])
    func `a 200 that is no answer is named as such`(_ body: String) {
        #expect(decode(body).failure?.kind == .unreadableAnswer)
    }

    @Test func `a web page in place of a stream is named as such`() {
        let outcome = dashScopeOutcome(Array("<html>".utf8), contentType: "text/html; charset=utf-8")
        #expect(outcome.failure == .webPage)
        #expect(outcome.failure?.message.contains("web page") == true)
    }
}
