import Testing

@testable import Shared

/// The line beside an answer, whose text the shim and shims of other builds read.
@Suite struct AnswerMetaTests {
    private var full: AnswerMeta {
        var meta = AnswerMeta()
        (meta.model, meta.provider, meta.account) = ("m\"", "openai", "a")
        (meta.upstreamModel, meta.finishReason, meta.isCached) = ("gpt\n", "stop", false)
        (meta.cost, meta.currency, meta.dropped) = (0.0015, "CNY", ["top_k", "seed"])
        meta.usage = TokenUsage(
            input: 10, output: 5, cached: 4, reasoning: 3, cacheWrites: 7, hourlyCacheWrites: 2, isEstimated: true)
        meta.attempts = [
            AnswerMeta.Attempt(
                attempt: 1, model: "m", provider: "openai", account: "ä", error: .rateLimited, milliseconds: 12),
            AnswerMeta.Attempt(
                attempt: 2, model: "m", provider: "openai", account: "a", error: nil, milliseconds: -1, cost: .infinity),
        ]
        return meta
    }

    @Test func `an answer is described by members in this order`() {
        #expect(
            String(decoding: full.encoded, as: UTF8.self) == #"""
                {"dropped_params":["top_k","seed"],"model":"m\"","provider":"openai","account":"a","cost":0.0015,\#
                "currency":"CNY","usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,\#
                "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3},\#
                "cache_creation_input_tokens":7,\#
                "cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":2}},"estimated":true,\#
                "attempts":[{"attempt":1,"model":"m","provider":"openai","account":"ä","error":"rate_limited",\#
                "ms":12,"cost":0.0},{"attempt":2,"model":"m","provider":"openai","account":"a","error":null,"ms":-1,\#
                "cost":null}],"upstream_model":"gpt\n","finish_reason":"stop","cached":false}
                """#)
    }

    @Test func `what is not known is left out`() {
        #expect(
            String(decoding: AnswerMeta().encoded, as: UTF8.self) == #"""
                {"model":"","provider":"","account":"","cost":0.0,"currency":"USD","usage":{"prompt_tokens":0,\#
                "completion_tokens":0,"total_tokens":0,"prompt_tokens_details":{"cached_tokens":0},\#
                "completion_tokens_details":{"reasoning_tokens":0}},"estimated":false,"attempts":[]}
                """#)
    }

    @Test(arguments: [0, 60]) func `usage is written in the words that it has elsewhere`(_ writes: Int) throws {
        var meta = AnswerMeta()
        meta.usage = TokenUsage(input: 100, output: 5, cached: 4, reasoning: 3, cacheWrites: writes)

        #expect(try JSON(parsing: meta.encoded)["usage"] == meta.usage.openAI)
    }

    @Test func `a trail is a list that comes back as it was, its latest fifty`() {
        let trail = Array(full.attempts.dropLast())

        #expect(AnswerMeta.Attempt.encode([]) == Array("[]".utf8))
        #expect(AnswerMeta.Attempt.decode(AnswerMeta.Attempt.encode(trail)) == trail)
        let long = (1...60).map { number in
            AnswerMeta.Attempt(attempt: number, model: "", provider: "", account: "", error: nil, milliseconds: 0)
        }
        #expect(AnswerMeta.Attempt.decode(AnswerMeta.Attempt.encode(long)).map(\.attempt) == Array(11...60))
    }
}
