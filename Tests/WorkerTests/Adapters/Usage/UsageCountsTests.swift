import Shared
import Testing

@testable import Worker

@Suite struct UsageCountsTests {
    static let words: [(answer: String, usage: TokenUsage)] = [
        (#"{"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#, TokenUsage(input: 7, output: 3)),
        (
            #"{"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}"#,
            TokenUsage(input: 9, output: 3, cached: 4, reasoning: 2)
        ),
        // Moonshot
        (
            #"{"choices":[{"index":0,"usage":{"prompt_tokens":190,"completion_tokens":42,"total_tokens":232}}]}"#,
            TokenUsage(input: 190, output: 42)
        ),
        (
            #"{"choices":[{"index":0,"usage":{"prompt_tokens":9,"completion_tokens":4}},{"index":1,"usage":{"prompt_tokens":9,"completion_tokens":5}}]}"#,
            TokenUsage(input: 9, output: 9)
        ),
        (
            #"{"choices":[{"usage":{"prompt_tokens":9,"completion_tokens":4}}],"usage":{"prompt_tokens":9,"completion_tokens":8}}"#,
            TokenUsage(input: 9, output: 8)
        ),
        (
            #"{"usage":{"prompt_tokens":9,"completion_tokens":3,"cached_tokens":4}}"#,
            TokenUsage(input: 9, output: 3, cached: 4)
        ),
        // Groq
        (
            #"{"x_groq":{"id":"r","usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}}"#,
            TokenUsage(input: 9, output: 3)
        ),
        // DeepSeek
        (
            #"{"usage":{"prompt_tokens":1000,"completion_tokens":5,"total_tokens":1005,"prompt_cache_hit_tokens":960,"prompt_cache_miss_tokens":40}}"#,
            TokenUsage(input: 1000, output: 5, cached: 960)
        ),
        // Grok
        (
            #"{"usage":{"prompt_tokens":10120,"completion_tokens":1499,"total_tokens":14428,"completion_tokens_details":{"reasoning_tokens":2809}}}"#,
            TokenUsage(input: 10120, output: 4308, reasoning: 2809)
        ),
        (
            #"{"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":9999,"reasoning_tokens":3}}"#,
            TokenUsage(input: 10, output: 8, reasoning: 3)
        ),
        (
            #"{"usage":{"prompt_tokens":10,"completion_tokens":8,"total_tokens":18,"completion_tokens_details":{"reasoning_tokens":3}}}"#,
            TokenUsage(input: 10, output: 8, reasoning: 3)
        ),
        // OpenAI's Responses
        (
            #"{"usage":{"input_tokens":9,"output_tokens":3,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":1}}}"#,
            TokenUsage(input: 9, output: 3, cached: 4, reasoning: 1)
        ),
        // Anthropic
        (
            #"{"usage":{"input_tokens":9,"output_tokens":3,"cache_read_input_tokens":20,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}}"#,
            TokenUsage(input: 59, output: 3, cached: 20, cacheWrites: 30, hourlyCacheWrites: 20)
        ),
        // LiteLLM: the whole prompt, and Anthropic's words beside it
        (
            #"{"usage":{"prompt_tokens":59,"completion_tokens":3,"cache_read_input_tokens":20,"cache_creation_input_tokens":30}}"#,
            TokenUsage(input: 59, output: 3, cached: 20, cacheWrites: 30)
        ),
        // Qwen's explicit cache
        (
            #"{"usage":{"prompt_tokens":59,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":30},"cache_creation_input_tokens":30,"cache_type":"ephemeral"}}}"#,
            TokenUsage(input: 59, output: 3, cacheWrites: 30)
        ),
        // Ollama, Gemini, llama.cpp
        (#"{"prompt_eval_count":9,"eval_count":3,"done":true}"#, TokenUsage(input: 9, output: 3)),
        (
            #"{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,"thoughtsTokenCount":4,"totalTokenCount":16}}"#,
            TokenUsage(input: 9, output: 7, reasoning: 4)
        ),
        (
            #"{"timings":{"cache_n":5,"prompt_n":4,"predicted_n":3,"predicted_ms":1.5}}"#,
            TokenUsage(input: 9, output: 3, cached: 5)
        ),
        (
            #"{"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12},"timings":{"prompt_n":1,"predicted_n":2}}"#,
            TokenUsage(input: 9, output: 3)
        ),
        // Texts, fractions, and what is none
        (#"{"usage":{"prompt_tokens":"9","completion_tokens":"3.0"}}"#, TokenUsage(input: 9, output: 3)),
        (#"{"usage":{"prompt_tokens":9.0,"completion_tokens":3.7}}"#, TokenUsage(input: 9, output: 3)),
        (#"{"usage":{"prompt_tokens":-9,"completion_tokens":3}}"#, TokenUsage(output: 3)),
        (#"{"usage":{"prompt_tokens":1e99,"completion_tokens":"inf"}}"#, TokenUsage(input: 1 << 30, output: 1 << 30)),
        (#"{"usage":{"prompt_tokens":"nan","completion_tokens":3}}"#, TokenUsage(output: 3)),
        // The missing count follows from the total
        (#"{"usage":{"prompt_tokens":9,"total_tokens":9}}"#, TokenUsage(input: 9)),
        (#"{"usage":{"prompt_tokens":9,"total_tokens":15}}"#, TokenUsage(input: 9, output: 6)),
        (#"{"usage":{"completion_tokens":6,"total_tokens":15}}"#, TokenUsage(input: 9, output: 6)),
        (#"{"usage":{"total_tokens":15}}"#, TokenUsage(input: 15)),
    ]

    @Test(arguments: words)
    func `usage is read in every platform's words`(_ row: (answer: String, usage: TokenUsage)) throws {
        let object = try #require(JSON(parsing: Array(row.answer.utf8)).objectValue)
        #expect(TokenUsage(answer: object) == row.usage)
    }

    @Test(arguments: words)
    func `a stream says it in the same words, with its last choice or behind it`(
        _ row: (answer: String, usage: TokenUsage)
    ) throws {
        let text = #"{"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}],"usage":null}"#
        // An end of the choice in front of its usage, or around it.
        let isInChoice = row.answer.contains("choices")
        let end = isInChoice ? row.answer : #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
        let stream = "data: \(text)\n\ndata: \(end)\n\ndata: \(row.answer)\n\ndata: [DONE]\n\n"
        let answer = DecodedAnswer(
            Array(stream.utf8), cuts: [],
            OpenAIOwnDialect.adapter.makeDecoder(ResponseContext(isStream: true, contentType: nil))
        )
        #expect(try #require(answer.end).usage == row.usage)
    }

    @Test(arguments: [
        #"{"usage":null}"#, #"{"usage":{}}"#, #"{"usage":[]}"#, #"{"usage":"7"}"#, #"{"usage":{"prompt_tokens":null}}"#,
        #"{"choices":[{"usage":null}]}"#, #"{"x_groq":{"id":"r"}}"#, #"{"timings":null}"#,
        #"{"usage":{"prompt_tokens":"seven"}}"#,
    ])
    func `what counts nothing is no usage`(_ answer: String) throws {
        #expect(TokenUsage(answer: try #require(JSON(parsing: Array(answer.utf8)).objectValue)) == nil)
    }

    @Test func `a later 0 never replaces a count, a later count does`() throws {
        var counts = UsageCounts()
        func note(_ usage: JSON) { counts.note(usage) }
        note(["prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2])
        note(["prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14])
        note(["prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0])
        note(["prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16])
        #expect(counts.tokens == TokenUsage(input: 9, output: 7))
    }

    @Test func `Claude's start and end are put together, whichever says 0`() {
        func tokens(_ start: JSON, _ end: JSON) -> TokenUsage? {
            var counts = UsageCounts()
            counts.note(start)
            counts.note(end)
            return counts.tokens
        }
        #expect(
            tokens(["input_tokens": 15, "output_tokens": 1], ["input_tokens": 0, "output_tokens": 8])
                == TokenUsage(input: 15, output: 8))
        #expect(
            tokens(["input_tokens": 0, "output_tokens": 0], ["input_tokens": 11, "output_tokens": 5])
                == TokenUsage(input: 11, output: 5))
        #expect(
            tokens(
                [
                    "input_tokens": 3, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 5,
                    "output_tokens": 1,
                ],
                ["input_tokens": 3, "output_tokens": 8]) == TokenUsage(input: 12, output: 8, cached: 4, cacheWrites: 5))
        #expect(
            tokens(
                ["input_tokens": 3, "cache_read_input_tokens": 4, "output_tokens": 1],
                ["input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 8])
                == TokenUsage(input: 7, output: 8, cached: 4))
    }

    @Test func `a body shows what is billed, and keeps what only the platform knows`() throws {
        func shown(_ usage: String, _ billed: TokenUsage) throws -> JSON? {
            var end = ChatCompletionEnd(model: nil, finishReason: nil, usage: billed)
            end.body = Array(#"{"object":"chat.completion","usage":\#(usage)}"#.utf8)
            end.bodyUsage = TokenUsage(shown: try JSON(parsing: Array(usage.utf8)))
            return try JSON(parsing: end.showing(billed).body)["usage"]
        }
        let billed = TokenUsage(input: 10120, output: 4308, cached: 128, reasoning: 2809)
        let grok = try shown(
            #"{"prompt_tokens":10120,"completion_tokens":1499,"total_tokens":14428,"cost":1,"prompt_tokens_details":{"cached_tokens":128,"audio_tokens":3}}"#,
            billed)
        #expect(grok?["completion_tokens"] == 4308 && grok?["total_tokens"] == 14428 && grok?["cost"] == 1)
        #expect(grok?["prompt_tokens_details"]?["audio_tokens"] == 3)
        #expect(grok?["completion_tokens_details"]?["reasoning_tokens"] == 2809)

        let own = #"{"total_tokens":10,"prompt_tokens":7,"completion_tokens":3}"#
        #expect(try shown(own, TokenUsage(input: 7, output: 3))?.encoded == Array(own.utf8))
        #expect(try shown("null", TokenUsage(input: 7, output: 3, isEstimated: true))?["total_tokens"] == 10)
        let cache = try shown("{}", TokenUsage(input: 9, output: 1, cacheWrites: 5, hourlyCacheWrites: 2))
        #expect(cache?["cache_creation_input_tokens"] == 5)
        #expect(cache?["cache_creation"] == ["ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 2])
    }

    @Test func `no more choices are counted than may be asked for`() throws {
        let choices = (0..<1000).map { _ in #"{"usage":{"prompt_tokens":9,"completion_tokens":1}}"# }
        let answer = try JSON(parsing: Array(#"{"choices":[\#(choices.joined(separator: ","))]}"#.utf8))

        #expect(TokenUsage(answer: answer.objectValue ?? [:]) == TokenUsage(input: 9, output: 128))
    }
}
