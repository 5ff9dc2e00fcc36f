import Shared
import Testing

@testable import Worker

/// A platform may write any number anywhere: each place of each platform's answers has had each of them once.
@Suite struct HostileNumberTests {
    static let numbers = [
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-1", "0", "0.5", "1e308", "-1e308",
        "1e400",
        "1e-400", "9007199254740993", "1073741825", "\"9e99\"", "NaN", "null", String(repeating: "9", count: 2000),
        String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000),
    ]

    @Test(arguments: DecoderSeeds.all)
    func `no number in an answer, whole or streamed, is calculated with beyond its range`(_ wire: DecoderSeeds) throws {
        let adapter = try #require(Adapters.adapter(for: wire.account))
        var places = 0
        for answer in wire.answers {
            for place in Self.places(in: answer) {
                places += 1
                for number in Self.numbers {
                    let bytes = Array(answer[..<place.lowerBound] + Array(number.utf8) + answer[place.upperBound...])
                    for isStream in [true, false] { try check(bytes, isStream, adapter) }
                }
            }
        }
        #expect(places > 5)
    }

    private func check(_ bytes: [UInt8], _ isStream: Bool, _ adapter: any ProviderAdapter) throws {
        let shape = ResponseContext(isStream: isStream, contentType: "text/event-stream", model: "m")
        var decoder = adapter.makeDecoder(shape)
        var coalescer = DeltaCoalescer()
        for delta in decoder.feed(bytes) { coalescer.add(delta) }
        _ = coalescer.drain()
        if let usage = decoder.usage { try use(usage) }
        do throws(JobFailure) {
            let end = try decoder.finish()
            if let usage = end.usage { try? use(usage) }
        } catch {
            #expect(!error.message.isEmpty)
        }
        _ = adapter.failure(UpstreamResponse(status: 429, headers: { _ in nil }, body: bytes, now: 1_795_392_000_000))
        _ = adapter.failure(inside: bytes)
    }

    private static let metrics = WorkerMetrics()

    /// The calculations with a count behind the adapter.
    private func use(_ usage: TokenUsage) throws {
        for count in [usage.input, usage.output, usage.cached, usage.reasoning] {
            #expect(Bounds.counts.contains(count))
        }
        var record = AttemptRecord(startedAt: 1_795_392_000_000, enqueuedAt: 0)
        record.usage = usage
        record.status = .done
        Self.metrics.attemptEnded(record)
        var meta = AnswerMeta()
        meta.usage = usage
        #expect(try JSON(parsing: meta.encoded)["usage"]?["total_tokens"]?.intValue == usage.input + usage.output)
        #expect(AttemptRecord(decoding: record.encoded) == record)
    }

    /// The numbers that are values of JSON.
    private static func places(in answer: [UInt8]) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var index = 1
        while index < answer.count {
            let begins = [UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "[")].contains(answer[index - 1])
            var end = index
            while end < answer.count, (48...57).contains(answer[end]) { end += 1 }
            if begins, end > index { places.append(index..<end) }
            index = max(end, index + 1)
        }
        return places
    }

    // MARK: - Beside answers

    @Test(
        arguments: numbers + [
            "nan", "inf", "-inf", "1e5000", "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT",
        ])
    func `a platform cannot ask us to stay away for longer than a day`(_ text: String) {
        for name in ["retry-after", "retry-after-ms"] {
            let rest = RetryAfter.parse({ $0 == name || $0 == "date" ? text : nil }, now: 0)
            #expect(rest.map { $0 >= .zero && $0 <= .seconds(86_400) } ?? true)
        }
    }

    @Test(arguments: ["9999-12-31 23:59:99", "0000-01-01 00:00:00", "2026-99-99 99:99:99", "9223-37-20 36:85:47"])
    func `a limit's end that a message names is at most a week away`(_ text: String) {
        let rest = ZhipuReset.coolDown(in: text, now: 1_795_392_000_000)
        #expect(rest.map { $0 > .zero && $0 <= .seconds(7 * 86_400) } ?? true)
    }

    @Test(arguments: numbers) func `an access token lives for as long as the longest at most`(_ number: String) throws {
        let now: Int64 = 1_795_392_000_000
        let body = Array(#"{"access_token":"t","expires_in":\#(number)}"#.utf8)
        let answer = UpstreamResponse(status: 200, headers: { _ in nil }, body: body, now: now)
        guard let token = try? ErnieTokens().token(answer) else { return }
        #expect((now...(now + 30 * 86_400_000)).contains(token.renewAt))
    }

    @Test(arguments: Provider.allCases, numbers)
    func `vectors with any numbers are vectors or a failure`(_ provider: Provider, _ number: String) throws {
        guard let embeddings = Adapters.adapter(for: Account(id: "a", provider: provider))?.embeddings else { return }
        let request = try EmbeddingsRequest(
            decoding: Array(#"{"model":"m","input":["a"],"encoding_format":"base64"}"#.utf8))
        let bodies = [
            #"{"data":[{"index":N,"embedding":[N]}],"usage":{"prompt_tokens":N,"total_tokens":N},"created":N}"#,
            #"{"output":{"embeddings":[{"text_index":N,"embedding":[N]}]},"usage":{"total_tokens":N,"input_tokens":N}}"#,
            #"{"Response":{"Data":[{"Index":N,"Embedding":[N]}],"Usage":{"PromptTokens":N,"TotalTokens":N}}}"#,
        ]
        for body in bodies {
            let bytes = Array(
                body.split(separator: "N", omittingEmptySubsequences: false).joined(separator: number).utf8)
            guard let end = try? embeddings.read(bytes, request, ResponseContext(isStream: false, contentType: nil)),
                let usage = end.usage
            else { continue }
            try use(usage)
        }
    }

    /// The caller's numbers, where an adapter calculates with them.
    @Test(
        arguments: Provider.allCases.filter { $0 != .sandbox },
        ["9223372036854775807", "-9223372036854775808", "1e308", "0"])
    func `a caller's numbers are refused or cut, never calculated with`(_ provider: Provider, _ number: String) throws {
        let fields = [
            #""thinking_budget":N,"enable_thinking":true"#, #""thinking":{"type":"enabled","budget_tokens":N}"#,
            #""seed":N"#,
            #""thinking":{"type":"enabled","budget_tokens":N},"max_tokens":1073741824"#, #""top_k":N"#,
            #""temperature":N"#,
            #""max_tokens":N"#, #""n":N"#, #""top_logprobs":N"#, #""logit_bias":{"1":N}"#,
        ]
        for mode in provider.modes {
            let account = Account(id: "a", provider: provider, mode: mode)
            let adapter = try #require(Adapters.adapter(for: account))
            for field in fields {
                let text = field.split(separator: "N", omittingEmptySubsequences: false).joined(separator: number)
                for model in ["claude-haiku-4-5", "claude-sonnet-4-5", "qwen3-max", "glm-4.6", "gpt-5", "ernie-4.5-8k"]
                {
                    let body = #"{"model":"\#(model)","messages":[{"role":"user","content":"hi"}],\#(text)}"#
                    guard let chat = try? ChatRequest(decoding: Array(body.utf8)),
                        (try? adapter.check(chat, model: model, settings: [:])) != nil
                    else { continue }
                    let target = Target(
                        model: model, account: AccountView(credential: Credential("a:b"), settings: [:]), now: 0)
                    _ = try? adapter.makeRequest(chat, target)
                }
            }
        }
    }
}
