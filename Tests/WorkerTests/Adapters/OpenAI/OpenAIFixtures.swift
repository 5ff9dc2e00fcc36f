/// Answers of OpenAI as they are on the wire (docs/platforms.md), for golden tests.
enum OpenAIFixtures {
    static let completion = #"""
        {"id":"chatcmpl-9x","object":"chat.completion","created":1795380000,"model":"gpt-4.1-mini-2025-04-14",
         "choices":[{"index":0,"message":{"role":"assistant","content":"你好","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],
         "usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
                  "completion_tokens_details":{"reasoning_tokens":2,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},
         "service_tier":"default","system_fingerprint":"fp_1"}
        """#

    static func chunk(_ delta: String, finish: String = "null", usage: String = "null", index: Int = 0) -> String {
        #"{"id":"chatcmpl-9x","object":"chat.completion.chunk","created":1795380000,"model":"gpt-4.1-mini","#
            + #""service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":\#(index),"delta":\#(delta),"#
            + #""logprobs":null,"finish_reason":\#(finish)}],"usage":\#(usage),"obfuscation":"aGk"}"#
    }

    static let usageChunk = #"""
        {"id":"chatcmpl-9x","object":"chat.completion.chunk","created":1795380000,"model":"gpt-4.1-mini","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}
        """#

    /// Role, text cut inside an emoji's neighbours, finish, usage.
    static let textChunks = [
        chunk(#"{"role":"assistant","content":"","refusal":null}"#), chunk(#"{"content":"你"}"#),
        chunk(#"{"content":"好 🙂"}"#), chunk(#"{"content":" e\u0301"}"#), chunk("{}", finish: #""stop""#), usageChunk,
    ]

    static let toolChunks = [
        chunk(
            #"{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":""}}]}"#
        ),
        chunk(##"{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}"##),
        chunk(##"{"tool_calls":[{"index":0,"function":{"arguments":"\"北京\"}"}}]}"##),
        chunk("{}", finish: #""tool_calls""#), usageChunk,
    ]

    static func sse(_ chunks: [String], done: Bool = true, lineEnd: String = "\n") -> [UInt8] {
        let events = chunks + (done ? ["[DONE]"] : [])
        return Array(events.map { "data: \($0)\(lineEnd)\(lineEnd)" }.joined().utf8)
    }
}
