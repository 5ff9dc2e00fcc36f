import ArgumentParser
import Logging
import NIOCore
import Shared
import TestSupport
import Testing

@testable import Submitter

@Suite(.timeLimit(.minutes(1)))
struct CLITests {
    private static let body = Array(#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#.utf8)

    /// Asks from the command line's own session while `work` plays the worker.
    ///
    /// The fixture only lends its queue.
    private func ask(
        _ work: @escaping @Sendable (inout TestAttempt) async throws -> Void
    ) async throws -> ChatSession.Outcome {
        var outcome: ChatSession.Outcome?
        try await ShimFixture.run { shim in
            let session = ChatSession(
                redis: shim.redis.configuration, keys: shim.queue.keys, limits: QueueLimits(), logger: ShimFixture.quiet
            )
            async let answer = session.ask(Self.body, ChatPrinter(asJSON: false))
            var attempt = try await shim.work()
            #expect(attempt.job.shim?.hasPrefix("cli-") == true)
            try await work(&attempt)
            outcome = try await answer
        }
        return try #require(outcome)
    }

    @Test func `a question is answered without a shim`() async throws {
        let outcome = try await ask { work in
            _ = try await work.say("yo")
            try await work.finish()
        }

        guard case .answered = outcome else {
            Issue.record("not answered")
            return
        }
    }

    @Test func `a failure is returned as it was`() async throws {
        let failure = JobFailure(.contentFiltered, "no")
        let outcome = try await ask { work in _ = try await work.fail(failure) }

        guard case .failed(failure) = outcome else {
            Issue.record("not failed as expected")
            return
        }
    }

    @Test func `chunks are split into answer, reasoning and calls`() {
        let payload = ByteBuffer(
            string: """
                {"choices":[{"index":0,"delta":{"reasoning_content":"hm","content":"yo"}}]}
                {"choices":[{"index":1,"delta":{"content":"other"}},{"index":0,"delta":{"content":""}}]}
                {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]}
                """)

        #expect(ChatText.pieces(payload) == [.reasoning("hm"), .answer("yo"), .toolCall("f"), .toolCall("{}")])
    }

    @Test(arguments: [
        ["serve", "--what"], ["chat"], ["chat", "hi", "--model", ""], ["dance"], ["migrate", "--catalog", "x.yaml"],
        ["catalog", "apply"], ["catalog", "apply", "x.yaml", "--dry-run", "--if-empty"],
    ])
    func `wrong arguments are refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { _ = try Submitter.parseAsRoot(arguments) }
    }

    @Test(arguments: [["serve"], ["chat", "-"], ["chat", "hi", "--no-stream", "--json"], ["migrate"], ["config"]])
    func `right arguments are taken`(arguments: [String]) throws {
        _ = try Submitter.parseAsRoot(arguments)
    }
}
