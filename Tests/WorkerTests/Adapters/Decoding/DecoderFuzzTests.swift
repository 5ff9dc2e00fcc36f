import Foundation
import Shared
import Testing

@testable import Worker

/// Broken answers for each decoder: deltas or a typed failure come out, soon and in bounds, as valid JSON.
///
/// Seeds are real answers of each platform. Mutations cut, repeat, swap, flip and splice their bytes. The generator is
/// seeded, so a failure names the case that shows it again. `FUZZ_INPUTS=1000000` sets the number of inputs that
/// all tests here make of the seeds together.
@Suite(.timeLimit(.minutes(30))) struct DecoderFuzzTests {
    /// For each decoder, and for the reader beneath them.
    static let rounds =
        (ProcessInfo.processInfo.environment["FUZZ_INPUTS"].flatMap { Int($0) } ?? 180_000)
        / (DecoderSeeds.all.count + 1)

    @Test(arguments: DecoderSeeds.all)
    func `broken answers end in deltas or a typed failure`(_ wire: DecoderSeeds) throws {
        let adapter = try #require(Adapters.adapter(for: wire.account))
        var random = SplitMix64(seed: 0x5EED)
        for round in 0..<Self.rounds {
            let bytes = wire.mutated(using: &random)
            let isStream = random.next() % 4 != 0
            let shape = ResponseContext(isStream: isStream, contentType: "text/event-stream", model: "m")
            var decoder = adapter.makeDecoder(shape)
            var output: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty, !decoder.isComplete {
                let piece = rest.prefix(1 + Int(random.next() % 512))
                rest = rest.dropFirst(piece.count)
                output += decoder.feed(Array(piece)).map(\.json)
            }
            do throws(JobFailure) {
                let end = try decoder.finish()
                output += end.deltas.map(\.json)
                if isStream != end.body.isEmpty { Issue.record("round \(round): not what was asked for") }
                if !isStream { output.append(end.body) }
            } catch {
                if error.message.isEmpty { Issue.record("round \(round): a failure without a word") }
            }
            // Each event repeats its envelope at most: what comes out is in proportion to what went in.
            let bytesOut = output.reduce(0) { $0 + $1.count }
            if bytesOut > 64 * bytes.count + 4096 {
                Issue.record("round \(round): \(bytes.count) became \(bytesOut) bytes")
            }
            for json in output where (try? JSON(parsing: json)) == nil || Self.holdsPart(json) {
                Issue.record("round \(round): \(String(decoding: json, as: UTF8.self))")
            }
        }
    }

    @Test func `the reader mends, refuses and never stumbles`() throws {
        var random = SplitMix64(seed: 0xFEED)
        let seeds = DecoderSeeds.all
        var mended = 0
        for round in 0..<Self.rounds {
            let bytes = seeds[Int(random.next() % UInt64(seeds.count))].mutated(using: &random)
            let document = Array(bytes.drop { $0 != UInt8(ascii: "{") })
            let strict = try? JSON(parsing: document)
            let lenient = try? LenientJSON(document)
            guard let lenient else {
                if strict != nil { Issue.record("round \(round): valid, and refused") }
                continue
            }
            mended += lenient.isMended ? 1 : 0
            if lenient.isMended == (strict != nil) || strict != nil && strict != lenient.value {
                Issue.record("round \(round): read differently")
            }
            if (try? JSON(parsing: lenient.value.encoded)) != lenient.value {
                Issue.record("round \(round): not valid when it goes out")
            }
        }
        #expect(mended > Self.rounds / 100)
    }

    /// Seeds and mutations have no character of that range.
    private static func holdsPart(_ json: [UInt8]) -> Bool {
        String(decoding: json, as: UTF8.self).unicodeScalars.contains { CharacterPart($0) != nil }
    }
}

/// Small, fast, and the same everywhere (Steele, Lea, Flood 2014).
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Answers of one platform, as a start for mutations.
struct DecoderSeeds: Sendable, CustomTestStringConvertible {
    let account: Account
    let answers: [[UInt8]]

    var testDescription: String { "\(account.provider.rawValue)/\(account.mode ?? "native")" }

    static let all: [DecoderSeeds] = Provider.allCases.filter { $0 != .sandbox }.flatMap { provider in
        // Zhipu's two modes differ in what is sent only, and so do OpenAI's.
        provider.modes.prefix(provider == .zhipu || provider == .openai ? 1 : 3).map { mode in
            DecoderSeeds(
                account: Account(id: "a", provider: provider, mode: mode),
                answers: texts(provider, mode).map { Array($0.utf8) })
        }
    }

    /// One answer with one to eight mutations.
    func mutated(using random: inout SplitMix64) -> [UInt8] {
        var bytes = answers[Int(random.next() % UInt64(answers.count))]
        for _ in 0...(random.next() % 8) { mutate(&bytes, using: &random) }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let at = Int(random.next() % UInt64(bytes.count))
        let length = min(bytes.count - at, 1 + Int(random.next() % 64))
        switch random.next() % 7 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[at] ^= 1 << UInt8(random.next() % 8)
        case 2: bytes.removeSubrange(at..<(at + length))
        case 3: bytes.insert(contentsOf: bytes[at..<(at + length)], at: at)
        case 4: bytes.removeLast(bytes.count - at)
        case 5:
            let other = answers[Int(random.next() % UInt64(answers.count))]
            let from = Int(random.next() % UInt64(other.count))
            bytes.insert(contentsOf: other[from...].prefix(128), at: at)
        default:
            let marks =
                [
                    "\n\n", "\r\n", "data: ", "{", "}", "[]", "null", "\"", "\\u0000", "-1e999", "\u{FEFF}",
                    "event: error\n", ",", "NaN", "None", "+", "00", "\\ud83d", "\\ude00\"", "\\q", "<", "[", ":",
                    "\u{0}", "\"id\":1,",
                ].map { Array($0.utf8) } + [[0xF0, 0x9F], [0x98, 0x80], [0xED, 0xA0, 0xBD], [0xE4]]
            bytes.insert(contentsOf: marks[Int(random.next() % UInt64(marks.count))], at: at)
        }
    }

    // MARK: - Seeds

    private static func texts(_ provider: Provider, _ mode: String) -> [String] {
        switch (provider, mode) {
        case (.anthropic, _): anthropic
        case (.baidu, "legacy"): ernieV1
        case (.alibaba, "native"): dashScope
        case (.tencent, "native"): hunyuan
        default: openAI
        }
    }

    private static let openAI = [
        #"""
        data: {"id":"1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

        : ping

        data: {"id":"1","choices":[{"index":0,"delta":{"reasoning_content":"想"},"finish_reason":null}]}

        data: {"id":"1","choices":[{"index":0,"delta":{"content":"你好 🙂"},"finish_reason":null}],"usage":null}

        data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}}]}

        data: {"id":"1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"","function":{"arguments":"{\"a\":1}"}}]}}]}

        data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls","flag":0}]}

        data: {"id":"1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":2}}}

        data: [DONE]


        """#,
        #"{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
        #"data: {"error":{"message":"no","type":"server_error","code":"1234"}}"# + "\n\n",
    ]

    private static let anthropic = [
        #"""
        event: message_start
        data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-haiku-5-5","content":[],"usage":{"input_tokens":12,"cache_read_input_tokens":3,"output_tokens":1}}}

        event: content_block_start
        data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"想"}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Eq"}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":0}

        event: content_block_start
        data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

        event: ping
        data: {"type":"ping"}

        event: content_block_delta
        data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"你好 🙂"}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":1}

        event: content_block_start
        data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":2}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":30}}

        event: message_stop
        data: {"type":"message_stop"}


        """#,
        #"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"hi"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":4}}"#,
        "event: error\ndata: " + #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
            + "\n\n",
    ]

    private static let ernieV1 = [
        #"""
        data: {"id":"as-1","object":"chat.completion","created":1,"sentence_id":0,"is_end":false,"is_truncated":false,"result":"你","need_clear_history":false,"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}

        data: {"id":"as-1","object":"chat.completion","created":1,"sentence_id":1,"is_end":true,"is_truncated":false,"result":"好 🙂","need_clear_history":false,"finish_reason":"normal","usage":{"prompt_tokens":1,"completion_tokens":3,"total_tokens":4}}


        """#,
        #"{"id":"as-1","object":"chat.completion","created":1,"result":"","function_call":{"name":"f","arguments":"{}","thoughts":"t"},"is_truncated":false,"need_clear_history":false,"finish_reason":"function_call","usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
        #"{"error_code":336100,"error_msg":"busy","id":"as-1"}"#,
    ]

    private static let dashScope = [
        #"""
        id:1
        event:result
        :HTTP_STATUS/200
        data:{"output":{"choices":[{"message":{"content":"","reasoning_content":"想","role":"assistant"},"finish_reason":"null"}]},"usage":{"input_tokens":2,"output_tokens":1,"total_tokens":3},"request_id":"r"}

        id:2
        event:result
        :HTTP_STATUS/200
        data:{"output":{"choices":[{"message":{"content":"你好 🙂","role":"assistant"},"finish_reason":"null"}]},"usage":{"input_tokens":2,"output_tokens":2,"total_tokens":4},"request_id":"r"}

        id:3
        event:result
        :HTTP_STATUS/200
        data:{"output":{"choices":[{"message":{"content":"","role":"assistant","tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]},"usage":{"input_tokens":2,"output_tokens":5,"total_tokens":7},"request_id":"r"}


        """#,
        #"{"request_id":"r","output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":[{"text":"hi"}],"reasoning_content":"t","tool_calls":[]}}]},"usage":{"input_tokens":2,"output_tokens":5,"total_tokens":7}}"#,
        "id:1\nevent:error\n:HTTP_STATUS/400\ndata:" + #"{"code":"InvalidParameter","message":"no","request_id":"r"}"#
            + "\n\n",
    ]

    private static let hunyuan = [
        #"""
        data: {"Note":"n","Choices":[{"Index":0,"Delta":{"Role":"assistant","Content":"","ReasoningContent":"想"},"FinishReason":""}],"Created":1,"Id":"i","Usage":{"PromptTokens":3,"CompletionTokens":1,"TotalTokens":4}}

        data: {"Choices":[{"Index":0,"Delta":{"Role":"assistant","Content":"你好 🙂"},"FinishReason":""}],"Created":1,"Id":"i","Usage":{"PromptTokens":3,"CompletionTokens":2,"TotalTokens":5}}

        data: {"Choices":[{"Index":0,"Delta":{"Role":"assistant","Content":"","ToolCalls":[{"Id":"c","Type":"function","Function":{"Name":"f","Arguments":"{}"},"Index":0}]},"FinishReason":"tool_calls"}],"Created":1,"Id":"i","Usage":{"PromptTokens":3,"CompletionTokens":5,"TotalTokens":8}}


        """#,
        #"{"Response":{"RequestId":"r","Choices":[{"Index":0,"Message":{"Role":"assistant","Content":"hi","ToolCalls":[{"Id":"c","Type":"function","Function":{"Name":"f","Arguments":"{}"},"Index":0}]},"FinishReason":"stop"}],"Created":1,"Id":"i","Usage":{"PromptTokens":3,"CompletionTokens":2,"TotalTokens":5}}}"#,
        #"{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"no"},"RequestId":"r"}}"#,
        #"data: {"Choices":[],"ErrorMsg":{"Msg":"m","Code":4001}}"# + "\n\n",
    ]
}
