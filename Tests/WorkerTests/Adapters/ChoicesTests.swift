import Shared
import Testing

@testable import Worker

/// Several answers of one request: given, or refused by name, never one in silence.
@Suite struct ChoicesTests {
    private static let modes: [(Provider, String)] = Provider.allCases.flatMap { provider in
        provider == .sandbox ? [] : provider.modes.map { (provider, $0) }
    }
    /// The platforms that are documented to know `n`, and the most they give.
    private static let most = [
        "openai native": 128, "openai compatible": 128, "alibaba native": 4, "alibaba compatible": 4,
    ]

    private func chat(_ fields: String) throws -> ChatRequest {
        let text = #"{"model":"m","messages":[{"role":"user","content":"hi"}]\#(fields)}"#
        return try ChatRequest(decoding: Array(text.utf8))
    }

    @Test(arguments: modes, [1, 2, 4, 5, 128])
    func `n goes out, or is refused by its name`(_ mode: (provider: Provider, name: String), _ n: Int) throws {
        let account = Account(id: "a", provider: mode.provider, mode: mode.name)
        let adapter = try #require(Adapters.adapter(for: account))
        let chat = try chat(#","n":\#(n)"#)
        let known = Self.most["\(mode.provider.rawValue) \(mode.name)"] ?? 1

        guard n <= known else {
            let refusal = #expect(throws: JobFailure.self) {
                try adapter.check(chat, model: "qwen-plus", settings: [:])
            }
            #expect(refusal?.kind == .unsupportedParameter)
            #expect(refusal?.param == "n")
            return
        }
        try adapter.check(chat, model: "qwen-plus", settings: [:])
        guard n > 1 else { return }
        let target = Target(model: "qwen-plus", account: AccountView(credential: Credential("sk-1")), now: 0)
        let body = try JSON(parsing: try adapter.makeRequest(chat, target).body)
        #expect((body["n"] ?? body["parameters"]?["n"])?.intValue == n)
    }

    @Test(arguments: ["native", "compatible"])
    func `Qwen gives one answer with tools and while it thinks`(_ mode: String) throws {
        let adapter = try #require(Adapters.adapter(for: Account(id: "a", provider: .alibaba, mode: mode)))
        let tools = #","tools":[{"type":"function","function":{"name":"f"}}]"#
        for fields in [tools, #","enable_thinking":true"#, #","reasoning_effort":"low""#] {
            let chat = try chat(#","n":2"# + fields)
            let refusal = #expect(throws: JobFailure.self) {
                try adapter.check(chat, model: "qwen-plus", settings: [:])
            }
            #expect(refusal?.param == "n")
        }
    }

    // MARK: - What comes back

    private func outcome(_ body: String, isStream: Bool, wanted: Int = 2) throws -> DecodedAnswer {
        let adapter = try #require(Adapters.adapter(for: Account(id: "a", provider: .openai, mode: "compatible")))
        let answer = ResponseContext(isStream: isStream, contentType: nil, model: "m")
        let decoder = CountedChoices(adapter.makeDecoder(answer), wanted: wanted, platform: "openai")
        return DecodedAnswer(Array(body.utf8), cuts: [], decoder)
    }

    private static func chunk(_ index: Int, _ end: Bool = false) -> String {
        let delta = end ? #"{},"finish_reason":"stop""# : #"{"content":"hi"},"finish_reason":null"#
        return #"data: {"model":"m","choices":[{"index":\#(index),"delta":\#(delta)}]}"# + "\n\n"
    }

    private static func whole(_ count: Int) -> String {
        let choices = (0..<count).map {
            #"{"index":\#($0),"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}"#
        }
        return
            #"{"id":"i","object":"chat.completion","created":1,"model":"m","choices":[\#(choices.joined(separator: ","))]}"#
    }

    @Test(arguments: [
        (whole(1), false), (whole(1), true), (chunk(0) + chunk(0, true) + "data: [DONE]\n\n", true),
    ])
    func `a server that answers once is no server that answers twice`(_ body: String, _ isStream: Bool) throws {
        let failure = try outcome(body, isStream: isStream).failure
        #expect(failure?.kind == .unsupportedParameter)
        #expect(failure?.param == "n")
        #expect(failure?.message.contains("1 of 2") == true)
    }

    @Test(arguments: [false, true])
    func `the one answer was paid for: its failure has the usage`(_ isStream: Bool) throws {
        let usage = #""usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}"#
        let last = #"data: {"model":"m","choices":[],\#(usage)}"# + "\n\ndata: [DONE]\n\n"
        let whole = String(Self.whole(1).dropLast()) + ",\(usage)}"
        let body = isStream ? Self.chunk(0) + Self.chunk(0, true) + last : whole
        let paid = try outcome(body, isStream: isStream).failure?.paid
        #expect(paid == TokenUsage(input: 7, output: 3))
        let uncounted = try #require(try outcome(Self.whole(1), isStream: isStream).failure?.paid)
        #expect(uncounted.isEstimated && uncounted.input == 0 && uncounted.output > 0)
    }

    @Test(arguments: [
        (whole(2), false), (whole(3), false), (whole(2), true),
        (chunk(0) + chunk(1) + chunk(1, true) + chunk(0, true) + "data: [DONE]\n\n", true),
    ])
    func `all that were asked for are there`(_ body: String, _ isStream: Bool) throws {
        #expect(try outcome(body, isStream: isStream).failure == nil)
    }
}
