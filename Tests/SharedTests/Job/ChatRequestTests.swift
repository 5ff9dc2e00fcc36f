import Shared
import Testing

@Suite struct ChatRequestTests {
    private static let user = #""messages":[{"role":"user","content":"hi"}]"#

    private func request(_ text: String) throws -> ChatRequest {
        try ChatRequest(decoding: Array(text.utf8))
    }

    @Test func `unknown fields and number literals are kept`() throws {
        let text = #"{"model":"m",\#(Self.user),"temperature":1.0,"enable_thinking":true,"x":{"y":1e3}}"#
        #expect(String(decoding: try request(text).body.encoded, as: UTF8.self) == text)
    }

    @Test(
        arguments: [
            ("[]", nil, .invalidType), ("{", nil, .invalidValue), (#"{\#(user)}"#, "model", .missingParameter),
            (#"{"model":null,\#(user)}"#, "model", .missingParameter),
            (#"{"model":1,\#(user)}"#, "model", .invalidType),
            (#"{"model":"",\#(user)}"#, "model", .invalidValue),
            (#"{"model":"a\nb",\#(user)}"#, "model", .invalidValue),
            (#"{"model":"m"}"#, "messages", .missingParameter),
            (#"{"model":"m","messages":"x"}"#, "messages", .invalidType),
            (#"{"model":"m","messages":[]}"#, "messages", .invalidValue),
            (#"{"model":"m","messages":[1]}"#, "messages[0]", .invalidType),
        ] as [(String, String?, RequestError.Code)])
    func `a body without its essentials is refused`(_ text: String, _ param: String?, _ code: RequestError.Code) {
        let error = #expect(throws: RequestError.self) { try request(text) }
        #expect(error?.param == param)
        #expect(error?.code == code)
    }

    @Test(
        arguments: [
            (#""temperature":"1""#, "temperature", .invalidType), (#""top_p":[1]"#, "top_p", .invalidType),
            (#""n":0"#, "n", .invalidValue), (#""n":129"#, "n", .invalidValue), (#""n":1.5"#, "n", .invalidType),
            (#""max_tokens":1.5"#, "max_tokens", .invalidType), (#""max_tokens":1e12"#, "max_tokens", .invalidValue),
            (#""max_completion_tokens":"9""#, "max_completion_tokens", .invalidType),
            (#""stop":[1]"#, "stop", .invalidType), (#""stop":{}"#, "stop", .invalidType),
            ("\"stop\":[\(Array(repeating: "\"a\"", count: 65).joined(separator: ","))]", "stop", .invalidValue),
            (#""presence_penalty":true"#, "presence_penalty", .invalidType),
            (#""stream":"yes""#, "stream", .invalidType),
            (#""stream_options":{"include_usage":true}"#, "stream_options", .invalidValue),
            (#""stream":true,"stream_options":{"include_usage":1}"#, "stream_options.include_usage", .invalidType),
            (#""tools":{}"#, "tools", .invalidType), (#""tools":[{}]"#, "tools[0].type", .missingParameter),
            (#""tools":[{"type":"function"}]"#, "tools[0].function", .missingParameter),
            (#""tools":[{"type":"function","function":{}}]"#, "tools[0].function.name", .missingParameter),
            (#""tool_choice":"required""#, "tool_choice", .invalidValue),
            (#""tool_choice":"any","tools":[]"#, "tool_choice", .invalidValue),
            (#""tool_choice":1"#, "tool_choice", .invalidType),
            (#""functions":{}"#, "functions", .invalidType), (#""functions":[1]"#, "functions[0]", .invalidType),
            (#""functions":[{}]"#, "functions[0].name", .missingParameter),
            (#""function_call":{"name":"f"}"#, "function_call", .invalidValue),
            (#""functions":[{"name":"f"}],"function_call":"all""#, "function_call", .invalidValue),
            (
                #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function"}"#,
                "tool_choice.function.name", .missingParameter
            ),
            (#""response_format":{"type":1}"#, "response_format.type", .invalidType),
            (#""response_format":{"schema":{}}"#, "response_format.type", .missingParameter),
            (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema", .missingParameter),
            (#""logprobs":1"#, "logprobs", .invalidType), (#""top_logprobs":"5""#, "top_logprobs", .invalidType),
            (#""seed":0.5"#, "seed", .invalidType), (#""user":5"#, "user", .invalidType),
            ("\"user\":\"\(String(repeating: "ü", count: 257))\"", "user", .invalidValue),
        ] as [(String, String, RequestError.Code)])
    func `a parameter out of its range is refused by name`(_ field: String, _ param: String, _ code: RequestError.Code)
    {
        let error = #expect(throws: RequestError.self) { try request(#"{"model":"m",\#(Self.user),\#(field)}"#) }
        #expect(error?.param == param)
        #expect(error?.code == code)
        #expect(error?.message.contains(param) == true)
    }

    @Test(arguments: [
        (#"{"content":"x"}"#, "messages[0].role"), (#"{"role":"","content":"x"}"#, "messages[0].role"),
        (#"{"role":5,"content":"x"}"#, "messages[0].role"),
        (#"{"role":"user"}"#, "messages[0].content"), (#"{"role":"user","content":null}"#, "messages[0].content"),
        (#"{"role":"user","content":5}"#, "messages[0].content"),
        (#"{"role":"user","content":[]}"#, "messages[0].content"),
        (#"{"role":"user","content":["x"]}"#, "messages[0].content[0]"),
        (#"{"role":"user","content":[{"text":"x"}]}"#, "messages[0].content[0].type"),
        (#"{"role":"user","content":[{"type":"text"}]}"#, "messages[0].content[0].text"),
        (
            #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}}]}"#,
            "messages[0].content[1].image_url.url"
        ),
        (#"{"role":"assistant","content":5}"#, "messages[0].content"),
        (#"{"role":"assistant","tool_calls":{}}"#, "messages[0].tool_calls"),
        (#"{"role":"assistant","tool_calls":[{"id":"1","function":1}]}"#, "messages[0].tool_calls[0].function"),
        (#"{"role":"assistant","function_call":{"name":"f","arguments":[]}}"#, "messages[0].function_call.arguments"),
        (
            #"{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":{}}}]}"#,
            "messages[0].tool_calls[0].function.arguments"
        ),
        (#"{"role":"tool","content":"x"}"#, "messages[0].tool_call_id"),
        (#"{"role":"function","content":"x"}"#, "messages[0].name"),
        (#"{"role":"user","content":"x","name":1}"#, "messages[0].name"),
    ])
    func `a message is refused by the path of its field`(_ message: String, _ param: String) {
        let error = #expect(throws: RequestError.self) { try request(#"{"model":"m","messages":[\#(message)]}"#) }
        #expect(error?.param == param)
    }

    @Test func `a conversation with calls, results, images and unknown parts passes`() throws {
        let chat = try request(
            #"""
            {"model":"m","stream":true,"stream_options":{"include_usage":true},"temperature":null,"max_tokens":9,"user":"u",
             "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"web_search"}],
             "tool_choice":"required","response_format":{"type":"json_object"},"messages":[
             {"role":"developer","content":"d"},{"role":"system","content":[{"type":"text","text":"s"}]},
             {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},{"type":"new"}]},
             {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
             {"role":"tool","tool_call_id":"c","content":"ok"},{"role":"function","name":"f","content":null}]}
            """#)

        #expect(chat.needs == [.streaming, .functionCalling, .vision, .jsonMode])
        #expect(chat.neededBy[.vision] == "messages[2].content[0]")
        #expect(chat.isStream && chat.includeUsage)
        #expect(chat.maxTokens == 9)
        #expect(chat.user == "u")
        #expect(chat.n == 1)
        #expect(chat.messages.count == 6)
    }

    @Test func `a plain request needs nothing special`() throws {
        #expect(try request(#"{"model":"m",\#(Self.user),"tools":[],"stream":false}"#).needs.isEmpty)
    }

    @Test(
        arguments: [
            (#""functions":[{"name":"f"}]"#, true), (#""functions":[{"name":"f"}],"tools":[]"#, true),
            (#""functions":[]"#, false), (#""tools":[{"type":"function","function":{"name":"f"}}]"#, false),
            (#""functions":[{"name":"f"}],"tools":[{"type":"function","function":{"name":"f"}}]"#, false),
        ])
    func `a request with functions and no tools asks for calls in the old style`(_ field: String, _ isOld: Bool) throws
    {
        #expect(try request(#"{"model":"m",\#(Self.user),\#(field)}"#).usesLegacyFunctions == isOld)
    }

    @Test func `limits are the caller's to set`() throws {
        var limits = ChatRequest.Limits()
        limits.maxMessages = 1
        limits.maxModelBytes = 3
        let one = JSON.object(["role": "user", "content": "x"])

        #expect(throws: RequestError.self) {
            try ChatRequest(validating: ["model": "m", "messages": [one, one]], limits: limits)
        }
        #expect(throws: RequestError.self) {
            try ChatRequest(validating: ["model": "four", "messages": [one]], limits: limits)
        }
    }

    @Test func `refusals show no content and become failures that are not retried`() {
        let error = #expect(throws: RequestError.self) {
            try request(#"{"model":"m","messages":[{"role":["SECRET"],"content":"x"}]}"#)
        }
        #expect(error?.message.contains("SECRET") == false)
        #expect(error?.failure.kind == .invalidRequest)
        #expect(error?.failure.param == "messages[0].role")
    }

    @Test func `texts for estimates leave images and ids out`() throws {
        let chat = try request(
            #"""
            {"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"A"},
             {"type":"image_url","image_url":{"url":"data:xxxx"}}]},{"role":"assistant","tool_calls":[{"id":"c1","type":"function",
             "function":{"name":"f","arguments":"{1}"}}]}]}
            """#)
        var texts: [String] = []
        chat.forEachText { texts.append($0) }
        #expect(texts == ["A", "f", "{1}"])
    }
}
