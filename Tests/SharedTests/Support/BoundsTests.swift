import Shared
import Testing

/// Numbers and texts from outside, bounded to the ranges that we calculate with and store.
@Suite struct BoundsTests {
    @Test func `counts of tokens stay within their bounds however they are set`() {
        var usage = TokenUsage(input: .max, output: .min, cached: -1, reasoning: 1 << 40)
        #expect(usage == TokenUsage(input: 1 << 30, output: 0, cached: 0, reasoning: 1 << 30))

        (usage.input, usage.output, usage.cached, usage.reasoning) = (.min, .max, .max, -5)
        #expect(usage == TokenUsage(input: 0, output: 1 << 30, cached: 1 << 30, reasoning: 0))
        #expect(usage.openAI["total_tokens"]?.intValue == 1 << 30)
    }

    @Test(arguments: [0, 1, 1e300, -1e300, Double.infinity, -Double.infinity, .nan])
    func `a cost is a number that the ledger can hold`(_ price: Double) {
        for tokens in [0, 1, Int.max] {
            let cost = Prices(input: price, output: -price).cost(of: TokenUsage(input: tokens, output: tokens))
            #expect(Bounds.cost.contains(cost))
        }
    }

    @Test func `sums and differences stop at their bounds`() {
        #expect(Int64.max.addingClamped(1) == .max)
        #expect(Int64.min.addingClamped(-1) == .min)
        #expect(Int64.min.subtractingClamped(1) == .min)
        #expect(Int64.max.subtractingClamped(.min) == .max)
        #expect((1 as Int64).addingClamped(2) == 3)
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(Int64.min), .milliseconds(Int64.max), .zero, .seconds(-1)])
    func `any duration has milliseconds`(_ duration: Duration) {
        let expected = duration.components.seconds.multipliedReportingOverflow(by: 1000)
        #expect(expected.overflow || duration.milliseconds - expected.partialValue < 1000)
    }

    @Test(
        arguments: [
            ("abc", 3, "abc"), ("abcd", 3, "abc"), ("aü", 2, "a"), ("aü", 3, "aü"), ("🙂🙂", 7, "🙂"), ("🙂", 3, ""),
            ("", 0, ""),
            ("a\0b", 9, "a\u{FFFD}b"), ("\0\0", 4, "\u{FFFD}"), ("e\u{301}", 1, "e"),
        ] as [(String, Int, String)])
    func `a text is cut between two characters, without NUL`(_ text: String, _ limit: Int, _ expected: String) {
        #expect(text.clipped(toBytes: limit) == expected)
    }

    @Test func `a state of health that somebody else wrote is read within its bounds`() throws {
        for number in ["9223372036854775807", "-9223372036854775808", "1e308", "-1"] {
            let names = ["s", "ft", "row", "open", "op", "rest", "from", "ref", "at"]
            let text = "{" + names.map { "\"\($0)\":\(number)," }.joined() + "\"rec\":[\(number),\(number)]}"
            var health = try #require(RouteHealth(decoding: Array(text.utf8)))

            for outcome in [
                Observation.Outcome.failed(.timeout), .answered(seconds: 1), .refused,
                .limited(.rateLimited, retryAfter: nil),
            ] {
                health.note(Observation(outcome, began: 1000, ended: 2000), HealthRules())
            }
            #expect(health.coolDown(at: 0) != nil)
            #expect((0...1).contains(health.score(HealthRules())))
        }
    }

    @Test func `attempts before a wait are read within their bounds, the latest of many`() {
        let one =
            #"{"attempt":1e300,"model":"\#(String(repeating: "m", count: 9000))","ms":9223372036854775807,"cost":1e308}"#
        let trail = AnswerMeta.Attempt.decode(Array("[\(repeatElement(one, count: 100).joined(separator: ","))]".utf8))

        #expect(trail.count == 50)
        #expect(trail.allSatisfy { $0.model.utf8.count == Bounds.name && Bounds.cost.contains($0.cost) })
        #expect(trail.allSatisfy { $0.attempt == 1 << 30 && $0.milliseconds == 1 << 30 })
    }

    @Test func `a failure that somebody else wrote asks for no endless wait`() {
        let text = #"{"kind":"rate_limited","message":"m","retry_after_ms":9223372036854775807,"status":1e300}"#
        let failure = JobFailure(decoding: Array(text.utf8))
        #expect(failure.retryAfter == .milliseconds(1 << 30))
    }
}
