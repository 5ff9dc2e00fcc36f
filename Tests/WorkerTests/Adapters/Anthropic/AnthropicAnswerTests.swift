import Shared
import Testing

@testable import Worker

@Suite struct AnthropicAnswerTests {
    private let message = Array(AnthropicFixtures.message.utf8)

    @Test func `a whole message becomes a chat completion`() throws {
        let outcome = anthropicOutcome(
            message, isStream: false, contentType: "application/json", requestID: "req_1")
        let end = try #require(outcome.end)

        #expect(
            String(decoding: end.body, as: UTF8.self)
                == #"{"id":"msg_01","object":"chat.completion","created":1795380000,"model":"claude-haiku-5-5","#
                + #""choices":[{"index":0,"message":{"role":"assistant","content":"你好 🙂","refusal":null,"#
                + #""reasoning_content":"想一想","tool_calls":[{"id":"toolu_01","type":"function","#
                + ##""function":{"name":"get_weather","arguments":"{\"city\":\"北京\"}"}}],"##
                + #""thinking_blocks":[{"type":"thinking","thinking":"想一想","signature":"Eq1"},"#
                + #"{"type":"redacted_thinking","data":"b64"}]},"logprobs":null,"finish_reason":"tool_calls"}],"#
                + #""usage":{"prompt_tokens":20,"completion_tokens":30,"total_tokens":50,"#
                + #""prompt_tokens_details":{"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":7},"#
                + #""cache_creation_input_tokens":3,"#
                + #""cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":0}}}"#)
        #expect(end.usage == TokenUsage(input: 20, output: 30, cached: 5, reasoning: 7, cacheWrites: 3))
        #expect(end.requestID == "req_1")
        #expect(end.finishReason == "tool_calls")
        #expect(outcome.deltas.isEmpty)
    }

    @Test func `calls alone have no content, and without a header the message's id counts`() throws {
        let text = #"{"id":"msg_2","content":[{"type":"tool_use","id":"t","name":"f"}],"stop_reason":"tool_use"}"#
        let end = try #require(anthropicOutcome(Array(text.utf8), isStream: false).end)
        let message = try JSON(parsing: end.body)["choices"]?[0]?["message"]

        #expect(message?["content"] == .null)
        #expect(message?["tool_calls"]?[0]?["function"]?["arguments"] == "{}")
        #expect(end.requestID == "msg_2")
        #expect(end.model == "claude-haiku-5-5")
        #expect(end.usage == nil)
        #expect(end.countedTokens != nil)
    }

    @Test func `a whole message where a stream was asked for is told as deltas`() {
        let outcome = anthropicOutcome(message, cuts: [40, 300], contentType: "application/json")

        #expect(outcome.text == "你好 🙂")
        #expect(outcome.text(.reasoning) == "想一想")
        #expect(outcome.json.first?.contains(#""role":"assistant""#) == true)
        #expect(outcome.json.contains { $0.contains(#""thinking_blocks":[{"type":"thinking""#) })
        #expect(outcome.json.contains { $0.contains(##""arguments":"{\"city\":\"北京\"}""##) })
        #expect(outcome.json.last?.contains(#""finish_reason":"tool_calls""#) == true)
        #expect(outcome.end?.body == [])
        #expect(outcome.end?.usage == TokenUsage(input: 20, output: 30, cached: 5, reasoning: 7, cacheWrites: 3))
    }

    @Test(arguments: [true, false])
    func `an error in a 200 is a failure`(_ isStream: Bool) {
        let text = #"{"type":"error","error":{"type":"rate_limit_error","message":"slow"},"request_id":"r"}"#
        #expect(anthropicOutcome(Array(text.utf8), isStream: isStream).failure?.kind == .rateLimited)
        #expect(AnthropicAdapter().failure(inside: Array(text.utf8))?.kind == .rateLimited)
        #expect(AnthropicAdapter().failure(inside: message) == nil)
    }

    @Test(arguments: ["{}", #"{"content":"x"}"#, "[]", "", "ok"])
    func `what is no message is named as such`(_ text: String) {
        #expect(anthropicOutcome(Array(text.utf8), isStream: false).failure?.kind == .unreadableAnswer)
    }

    @Test func `a web page is told apart`() {
        let outcome = anthropicOutcome(Array("<html>".utf8), contentType: "text/html; charset=utf-8")
        #expect(outcome.failure?.message.contains("web page") == true)
    }

    @Test func `an empty stream is no answer`() {
        #expect(anthropicOutcome([]).failure?.kind == .unreadableAnswer)
    }
}
