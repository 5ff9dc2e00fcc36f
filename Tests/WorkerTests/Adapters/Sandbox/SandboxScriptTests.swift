import Shared
import Testing

@testable import Worker

@Suite struct SandboxScriptTests {
    private func chat(_ message: String, _ extra: [(String, JSON)] = []) throws -> ChatRequest {
        var body: JSONObject = ["model": "sandbox", "messages": [["role": "user", "content": .string(message)]]]
        for (key, value) in extra { body.set(key, value) }
        return try ChatRequest(validating: .object(body))
    }

    private func script(_ chat: ChatRequest, attempt: Int = 1) -> SandboxScript {
        SandboxScript(chat, model: "sandbox", attempt: attempt, id: "chatcmpl-1", created: 7)
    }

    private func script(_ message: String, _ extra: (String, JSON)..., attempt: Int = 1) throws -> SandboxScript {
        script(try chat(message, extra), attempt: attempt)
    }

    private func text(_ script: SandboxScript, choice: Int = 0, _ field: TextDelta.Field = .content) -> String {
        script.steps.map { step in
            guard case .text(let text) = step.delta.content, text.choice == choice, text.field == field else {
                return ""
            }
            return text.text
        }.joined()
    }

    private func pieces(_ script: SandboxScript) -> Int { script.steps.filter(\.delta.isVisible).count }

    private func end(_ script: SandboxScript) throws -> ChatCompletionEnd {
        guard case .answer(let end) = script.ending else {
            throw JobFailure(.internal, "the script fails")
        }
        return end
    }

    private func failure(_ script: SandboxScript) -> JobFailure? {
        guard case .failure(let failure) = script.ending else { return nil }
        return failure
    }

    private func message(_ script: SandboxScript) throws -> JSON? {
        try JSON(parsing: try end(script).body)["choices"]?[0]?["message"]
    }

    @Test(arguments: ["Hello there", "你好，世界！", "👩‍👧🙂 é", ""])
    func `without directives it repeats the last user message, streamed or whole`(_ prompt: String) throws {
        let streamed = try script(prompt, ("stream", true))
        let whole = try script(prompt)

        #expect(text(streamed) == "You said: \(prompt)")
        #expect(try message(whole)?["content"]?.stringValue == "You said: \(prompt)")
        #expect(try end(streamed).body == [])
        #expect(try end(streamed).usage == end(whole).usage)
        #expect(try end(whole).usage?.output == pieces(whole))
    }

    @Test func `the same request gives the same script`() throws {
        let chat = try chat("[[tokens=9 delay_ms=2]] x", [("n", 2)])
        let (one, other) = (script(chat), script(chat))
        #expect(one.steps == other.steps)
        #expect(one.ending == other.ending)
    }

    @Test func `the answer reads like OpenAI's, by our own decoder`() throws {
        let whole = try script("hi")
        var decoder = OpenAIOwnDialect.adapter.dialect.decoder(ResponseContext(isStream: false, contentType: nil))
        _ = decoder.feed(try end(whole).body)
        #expect(try decoder.finish() == end(whole))

        let streamed = try script("hi [[reasoning=2]]", ("stream", true))
        let chunks = streamed.steps.map { String(decoding: $0.delta.json, as: UTF8.self) }
        var stream = OpenAIOwnDialect.adapter.dialect.decoder(ResponseContext(isStream: true, contentType: nil))
        let deltas = stream.feed(OpenAIFixtures.sse(chunks))
        #expect(try deltas + stream.finish().deltas == streamed.steps.map(\.delta))
    }

    @Test func `a stream comes word by word, a whole answer at once`() throws {
        func script(_ message: String, _ extra: [(String, JSON)] = []) throws -> SandboxScript {
            SandboxScript(
                try chat(message, extra), model: "sandbox", attempt: 1, id: "chatcmpl-1", created: 7,
                pace: .milliseconds(30))
        }

        #expect(
            try script("Hello", [("stream", true)]).steps.map(\.pause) == [0, 0, 30, 30, 0].map { .milliseconds($0) })
        #expect(try script("Hello").duration == .zero)
        #expect(try script("[[delay_ms=0]] Hello", [("stream", true)]).duration == .zero)
        #expect(try script("[[delay_ms=1]] Hello").duration == .milliseconds(2))
        #expect(try script("[[tokens=50000]] a", [("stream", true), ("n", 2)]).duration <= SandboxScript.longestPacing)
    }

    @Test func `tokens sets the number of pieces and delays their pace`() throws {
        let script = try script("[[tokens=50 delay_ms=20 ttft_ms=100]] go", ("stream", true))

        #expect(pieces(script) == 50)
        #expect(try end(script).usage?.output == 50)
        #expect(script.steps.first?.pause == .milliseconds(100))
        #expect(script.duration == .milliseconds(100 + 49 * 20))
    }

    @Test(arguments: [0, 1, 4096, 5_000_000])
    func `size sets the bytes of the answer`(_ size: Int) throws {
        let script = try script("[[size=\(size)]]")
        #expect(text(script).utf8.count == size)
        #expect(try message(script)?["content"]?.stringValue?.utf8.count == size)
    }

    @Test func `echo returns the message verbatim`() throws {
        let prompt = "[[echo]] [[wiki link]]  two  spaces\n你好\t🙂 "
        #expect(text(try script(prompt)) == prompt)
    }

    @Test func `a long echo comes in blocks`() throws {
        let prompt = "[[echo]]" + String(repeating: "长文 text ", count: 60_000)
        let script = try script(prompt)
        #expect(text(script) == prompt)
        #expect(pieces(script) < 300)
    }

    @Test func `brackets that are no directives are text`() throws {
        let prompt = "see [[Home page]] and [[tokens=many]] and [[tokens=3 and]] and [[]] and [[fail=nonsense]] and [["
        #expect(text(try script(prompt)) == "You said: \(prompt)")
    }

    @Test(arguments: JobFailure.Kind.allCases)
    func `every kind of failure can be asked for`(_ kind: JobFailure.Kind) throws {
        let script = try script("[[fail=\(kind.rawValue) retry_after=2]]", ("stream", true))
        #expect(failure(script)?.kind == kind)
        #expect(failure(script)?.retryAfter == .seconds(2))
        #expect(script.steps.isEmpty)
    }

    @Test func `a failure can come in the middle of an answer`() throws {
        let script = try script("[[fail_after=5 fail=stream_broken tokens=9 delay_ms=3]] abc", ("stream", true))
        #expect(pieces(script) == 5)
        #expect(failure(script)?.kind == .streamBroken)
        #expect(script.lastPause == .milliseconds(3))
    }

    @Test func `only the first attempts fail where that is asked for`() throws {
        let chat = try chat("[[fail_attempts=2 fail=server_error]] x")
        #expect(failure(script(chat, attempt: 1)) != nil)
        #expect(failure(script(chat, attempt: 2)) != nil)
        #expect(text(script(chat, attempt: 3)) == "You said: x")
        #expect(failure(script(chat, attempt: 3)) == nil)
    }

    private static let weather: JSON = [
        [
            "type": "function",
            "function": [
                "name": "get_weather",
                "parameters": [
                    "type": "object", "required": ["city", "unit", "days"],
                    "properties": [
                        "city": ["type": "string"], "unit": ["enum": ["c", "f"]],
                        "days": ["type": "integer", "minimum": 2],
                        "extra": ["type": "string"],
                    ],
                ],
            ],
        ]
    ]

    @Test(
        arguments: [
            ("[[tool=get_weather]]", "auto"), ("x", "required"),
            ("x", ["type": "function", "function": ["name": "get_weather"]]),
        ] as [(String, JSON)])
    func `a tool is called with what its schema requires`(_ prompt: String, _ choice: JSON) throws {
        let script = try script(prompt, ("tools", Self.weather), ("tool_choice", choice))
        let message = try message(script)
        let call = message?["tool_calls"]?[0]?["function"]

        #expect(message?["content"] == .null)
        #expect(call?["name"] == "get_weather")
        #expect(call?["arguments"] == #"{"city":"example","unit":"c","days":2}"#)
        #expect(try end(script).finishReason == "tool_calls")
        #expect(
            script.steps.filter { String(decoding: $0.delta.json, as: UTF8.self).contains("tool_calls\":[") }.count == 2
        )
    }

    @Test func `a tool's result is answered with text`() throws {
        let chat = try ChatRequest(validating: [
            "model": "sandbox", "tools": Self.weather, "tool_choice": "required",
            "messages": [
                ["role": "user", "content": "[[tool=get_weather]]"],
                ["role": "tool", "tool_call_id": "call_sandbox_0", "content": "sunny"],
            ],
        ])
        #expect(text(script(chat)) == "The tool said: sunny")
    }

    @Test func `JSON is answered where JSON is asked for`() throws {
        let free = try script("hi", ("response_format", ["type": "json_object"]))
        let schema: JSON = [
            "type": "object", "required": ["list", "flag"],
            "properties": [
                "list": ["type": "array", "minItems": 1, "items": ["type": "number"]], "flag": ["type": "boolean"],
            ],
        ]
        let format: JSON = ["type": "json_schema", "json_schema": ["name": "s", "schema": schema]]

        #expect(text(free) == #"{"reply":"You said: hi"}"#)
        #expect(text(try script("hi", ("response_format", format))) == #"{"list":[1],"flag":true}"#)
    }

    @Test func `max_tokens cuts the answer and says so`() throws {
        let script = try script("[[tokens=10]]", ("max_tokens", 4))
        #expect(pieces(script) == 4)
        #expect(try end(script).finishReason == "length")
    }

    @Test func `several choices are several answers`() throws {
        let script = try script("hi", ("n", 3), ("stream", true))
        for choice in 0..<3 { #expect(text(script, choice: choice) == "You said: hi") }
        #expect(try end(script).usage?.output == pieces(script))
    }

    @Test func `reasoning comes first and counts`() throws {
        let script = try script("hi [[reasoning=3]]")
        #expect(text(script, .reasoning) == "thinking thinking thinking ")
        #expect(try end(script).usage?.reasoning == 3)
        #expect(try message(script)?["reasoning_content"] == "thinking thinking thinking ")
    }

    @Test func `an answer without usage is counted by us`() throws {
        let script = try script("hi [[usage=none]]")
        #expect(try end(script).usage == nil)
        #expect(try end(script).countedTokens == TokenEstimate(of: "You said: hi").tokens)
    }

    @Test func `what is asked for stays within bounds`() throws {
        let script = try script("[[tokens=99999999]]", ("n", 128))
        #expect(pieces(script) <= SandboxDirectives.maxTokens)
    }
}
