import Shared
import TestSupport
import Testing

@testable import Worker

/// Accounts that fail, and who is asked next.
@Suite(.timeLimit(.minutes(1))) struct FailoverTests {
    private static let fine = StubReply.openAICompletion("fine")
    private static func busy(milliseconds: Int) -> StubReply {
        .openAIError(
            status: 429, type: "rate_limit_error", code: "rate_limit_exceeded",
            headers: [("retry-after-ms", "\(milliseconds)")])
    }

    @Test(arguments: [
        (500, "server_error", nil, "server_error"), (429, "requests", "rate_limit_exceeded", "rate_limited"),
        (401, "invalid_request_error", "invalid_api_key", "authentication"),
    ])
    func `the second account answers when the first cannot, and both are billed`(
        _ status: Int, _ type: String, _ code: String?, _ error: String
    ) async throws {
        let first = try ProviderStub.start { _ in
            .openAIError(status: status, type: type, code: code, headers: [("Retry-After", "30")])
        }
        let second = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([first, second]) { fixture in
            let id = try await fixture.submit()

            try await fixture.worker().runOne()

            #expect(try await fixture.logIDs(id) == ["1-0", "2-0", PipelineFixture.endID])
            #expect(try await fixture.billed(id) == ["1 final", "2 final"])
            let end = try await fixture.end(id)
            #expect(end.status == "done")
            #expect(end.trail == ["a0 \(error)", "a1 ok"])
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `a rate-limited account is not asked by the next job`() async throws {
        let first = try ProviderStub.start { _ in Self.busy(milliseconds: 60_000) }
        let second = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([first, second]) { fixture in
            let worker = try fixture.worker()
            _ = try await fixture.submit()
            try await worker.runOne()
            let id = try await fixture.submit()

            try await worker.runOne()

            #expect(first.counters.requests == 1)
            #expect(second.counters.requests == 2)
            #expect(try await fixture.end(id).trail == ["a1 ok"])
        }
    }

    @Test func `while all accounts rest a job waits without a bill, and is answered later`() async throws {
        let stub = try ProviderStub.start { $0.index == 0 ? Self.busy(milliseconds: 1000) : Self.fine }
        try await PipelineFixture.run([stub]) { fixture in
            let worker = try fixture.worker()
            let limited = try await fixture.submit()
            try await worker.runOne()
            let waiting = try await fixture.submit()

            try await worker.runOne()

            #expect(try await fixture.waiting() == 2)
            #expect(try await fixture.billed(waiting) == [])
            #expect(try await fixture.logIDs(waiting) == [])
            for _ in 0..<2 {
                try await fixture.promoteOne()
                try await worker.runOne()
            }
            #expect(try await fixture.end(limited).status == "done")
            #expect(try await fixture.end(waiting).status == "done")
            #expect(try await fixture.billed(limited) == ["1 final", "2 final"])
            #expect(try await fixture.billed(waiting) == ["1 final"])
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `a job whose deadline passes while it waits ends with deadline_exceeded`() async throws {
        let stub = try ProviderStub.start { _ in Self.busy(milliseconds: 60_000) }
        try await PipelineFixture.run([stub]) { fixture in
            let worker = try fixture.worker()
            _ = try await fixture.submit()
            try await worker.runOne()
            let id = try await fixture.submit(deadline: .milliseconds(1500))
            try await worker.runOne()
            #expect(try await fixture.waiting() == 2)

            try await fixture.promoteOne()
            try await worker.runOne()

            #expect(try await fixture.end(id).kind == .deadlineExceeded)
            #expect(stub.counters.requests == 1)
            #expect(try await fixture.queue.length() == 0)
        }
    }

    @Test func `server errors are tried again later until the attempts are used up`() async throws {
        let stub = try ProviderStub.start { _ in .openAIError(status: 500, type: "server_error") }
        try await PipelineFixture.run([stub], settings: ["MAX_ATTEMPTS": "3"]) { fixture in
            let worker = try fixture.worker()
            let id = try await fixture.submit()

            try await worker.runOne()
            for _ in 0..<2 {
                try await fixture.promoteOne()
                try await worker.runOne()
            }

            #expect(try await fixture.end(id).kind == .serverError)
            #expect(try await fixture.billed(id) == ["1 final", "2 final", "3 final"])
            #expect(stub.counters.requests == 3)
            #expect(try await fixture.leftovers() == 0)
        }
    }
}
