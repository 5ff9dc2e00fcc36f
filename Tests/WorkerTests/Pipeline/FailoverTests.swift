import Shared
import TestSupport
import Testing

@testable import Worker

/// Accounts that fail, and the account that is asked next.
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

    @Test func `attempts, the retry between them and the job's end are counted once each`() async throws {
        let first = try ProviderStub.start { _ in .openAIError(status: 500, type: "server_error") }
        let second = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([first, second]) { fixture in
            let worker = try fixture.worker()
            _ = try await fixture.submit()

            try await worker.runOne()

            let (text, model) = (worker.metrics.registry.text, #"provider="openai",model="m""#)
            for line in [
                "aims_attempts_total{\(model),outcome=\"error\",reason=\"server_error\"} 1",
                "aims_attempts_total{\(model),outcome=\"done\",reason=\"none\"} 1",
                "aims_retries_total{reason=\"server_error\"} 1",
                "aims_jobs_total{lane=\"normal\",dialect=\"openai.chat\",outcome=\"completed\"} 1",
                "aims_job_wait_seconds_count{lane=\"normal\"} 1", "aims_fenced_writes_total 0",
            ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
        }
    }

    @Test func `a request that comes too late ends as expired`() async throws {
        try await PipelineFixture.run([]) { fixture in
            let worker = try fixture.worker()
            _ = try await fixture.submit(deadline: .seconds(-1))

            try await worker.runOne()

            let line = #"aims_jobs_total{lane="normal",dialect="openai.chat",outcome="expired"} 1"#
            #expect(worker.metrics.registry.text.contains("\n\(line)\n"))
        }
    }

    private static let nonsense = StubReply.json(#"{"object":"chat.completion","choices":"#)

    @Test(arguments: [false, true])
    func `an answer that nobody can read is bought of two accounts and no third`(_ isStream: Bool) async throws {
        let stubs = try (0..<3).map { _ in try ProviderStub.start { _ in Self.nonsense } }
        try await PipelineFixture.run(stubs) { fixture in
            let id = try await fixture.submit(PipelineFixture.body(stream: isStream))

            try await fixture.worker().runOne()

            let end = try await fixture.end(id)
            #expect(end.kind == .unreadableAnswer)
            #expect(end.message.hasPrefix("openai: The platform's answer is invalid JSON at byte"))
            #expect(end.trail == ["a0 unreadable_answer", "a1 unreadable_answer"])
            #expect(stubs.map(\.counters.requests) == [1, 1, 0])
            #expect(try await fixture.billed(id) == ["1 final", "2 final"])
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `an answer that nobody can read is not asked for again where there is one account`() async throws {
        let stub = try ProviderStub.start { _ in Self.nonsense }
        try await PipelineFixture.run([stub], fallbacks: ["n"]) { fixture in
            let id = try await fixture.submit()

            try await fixture.worker().runOne()

            #expect(try await fixture.end(id).trail == ["a0 unreadable_answer"])
            #expect(stub.counters.requests == 1)
        }
    }

    @Test func `an answer that nobody can read is not bought again of its account after a wait`() async throws {
        let first = try ProviderStub.start { _ in Self.nonsense }
        let second = try ProviderStub.start { request in
            request.index == 0 ? .openAIError(status: 500, type: "server_error") : Self.fine
        }
        try await PipelineFixture.run([first, second]) { fixture in
            let worker = try fixture.worker()
            let id = try await fixture.submit()

            try await worker.runOne()
            try await fixture.promoteOne()
            try await worker.runOne()

            #expect(try await fixture.end(id).trail == ["a0 unreadable_answer", "a1 server_error", "a1 ok"])
            #expect(first.counters.requests == 1)
        }
    }

    @Test func `answers that nobody can read are counted over waits`() async throws {
        let first = try ProviderStub.start { _ in Self.nonsense }
        let second = try ProviderStub.start { request in
            request.index == 0 ? .openAIError(status: 500, type: "server_error") : Self.nonsense
        }
        try await PipelineFixture.run([first, second]) { fixture in
            let worker = try fixture.worker()
            let id = try await fixture.submit()

            try await worker.runOne()
            try await fixture.promoteOne()
            try await worker.runOne()

            let trail = ["a0 unreadable_answer", "a1 server_error", "a1 unreadable_answer"]
            #expect(try await fixture.end(id).trail == trail)
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `a fallback model on the same account has the slot of the attempt that failed`() async throws {
        let stub = try ProviderStub.start { request in
            request.index == 0 ? .openAIError(status: 500, type: "server_error") : Self.fine
        }
        try await PipelineFixture.run([stub], fallbacks: ["n"], limits: { $0.concurrency = 1 }) { fixture in
            let id = try await fixture.submit()

            try await fixture.worker().runOne()

            let end = try await fixture.end(id)
            #expect(end.status == "done" && end.trail == ["a0 server_error", "a0 ok"])
        }
    }

    @Test func `a job of a worker that died is answered by who takes it over`() async throws {
        let stub = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit()
            _ = try await fixture.queue.claimOne("dead")

            try await fixture.worker().takeOverOne()

            #expect(try await fixture.end(id).trail == ["a0 ok"])
        }
    }

    @Test func `a job that was delivered far too often is not even read once more`() async throws {
        let stub = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([stub]) { fixture in
            let id = try await fixture.submit()
            _ = try await fixture.queue.claimOne("dead")

            try await fixture.worker().takeOverOne(delivered: 99)

            let end = try await fixture.end(id)
            #expect(end.status == "error" && end.kind == .poison)
            #expect(stub.counters.requests == 0)
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

            #expect(try await fixture.waiting() == 1)
            #expect(try await fixture.queue.queue.rooms().map(\.count) == [1])
            #expect(try await fixture.billed(waiting) == [])
            #expect(try await fixture.logIDs(waiting) == [])
            // The one that met the limit joins it.
            try await fixture.promoteOne()
            try await worker.runOne()
            #expect(try await fixture.queue.queue.rooms().map(\.count) == [2])
            #expect(try await fixture.billed(limited) == ["1 final"])
            try await worker.admitOne()
            try await worker.admitOne()
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
            #expect(try await fixture.queue.queue.rooms().map(\.count) == [1])

            try await eventually("its deadline passes") {
                let late = try await fixture.queue.queue.expired(worker: worker.name, limit: 9)
                for entry in late { _ = try await worker.reader.read(entry) }
                return !late.isEmpty
            }

            #expect(try await fixture.end(id).kind == .deadlineExceeded)
            #expect(stub.counters.requests == 1)
            #expect(try await fixture.queue.length() == 0)
        }
    }

    @Test func `a busy account is waited for, in a room, and the next waiter is called when it is free`() async throws {
        let stub = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([stub], limits: { $0.requestsPerMinute = 1 }) { fixture in
            let worker = try fixture.worker()
            let first = try await fixture.submit()
            try await worker.runOne()
            let second = try await fixture.submit()
            try await worker.runOne()

            #expect(try await fixture.end(first).status == "done")
            #expect(stub.counters.requests == 1)
            let room = try #require(try await fixture.queue.queue.rooms().first)
            #expect(room.count == 1)
            // A minute to go, but a room is looked at every 15 seconds.
            #expect(room.due > SystemWallClock().now + 10_000)
            #expect(try await fixture.billed(second) == [])
            #expect(worker.rooms.hasWaiters(room.name))
        }
    }

    @Test func `a request that comes while others wait for the same accounts waits behind them`() async throws {
        let stub = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([stub], limits: { $0.concurrency = 1 }) { fixture in
            let worker = try fixture.worker()
            let plan = RoomSpec(accounts: ["a0"])
            worker.rooms.parked(in: plan)
            let id = try await fixture.submit()

            try await worker.runOne()

            #expect(stub.counters.requests == 0)
            #expect(try await fixture.queue.queue.rooms().map(\.name) == [plan.room])
            try await worker.admitOne()
            #expect(try await fixture.end(id).status == "done")
        }
    }

    @Test func `slots and reservations of all attempts come back, whatever their end`() async throws {
        let first = try ProviderStub.start { _ in .openAIError(status: 500, type: "server_error") }
        let second = try ProviderStub.start { _ in Self.fine }
        try await PipelineFixture.run([first, second], limits: { $0.concurrency = 2 }) { fixture in
            let worker = try fixture.worker()
            for _ in 0..<3 {
                _ = try await fixture.submit()
                try await worker.runOne()
            }
            let keys = PoolKeys(prefix: fixture.queue.keys.prefix)
            for account in ["a0", "a1"] {
                #expect(
                    try await fixture.queue.redis.send(RedisCommand("ZCARD", .string(keys.slots(account)))).int == 0)
            }
        }
    }

    @Test func `a fallback model answers when its model's accounts cannot`() async throws {
        let broken = try ProviderStub.start { _ in .openAIError(status: 500, type: "server_error") }
        try await PipelineFixture.run([broken], fallbacks: ["s"]) { fixture in
            let id = try await fixture.submit()
            try await fixture.worker().runOne()
            let end = try await fixture.end(id)
            #expect(end.status == "done")
            #expect(end.trail == ["a0 server_error", "sandbox ok"])
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
