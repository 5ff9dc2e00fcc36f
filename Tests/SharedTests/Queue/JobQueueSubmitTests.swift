import Shared
import TestSupport
import Testing

/// SUBMIT, SUBMIT tracked and CANCEL: every verdict, and every one again after a lost reply.
@Suite struct JobQueueSubmitTests {
    private let hash = QueueFixture.body.sha256Hex

    private func shimJob(_ queue: QueueFixture) -> Job {
        var job = queue.job()
        job.shim = "s1"
        return job
    }

    @Test func `a submitted job is claimed with everything it was submitted with`() async throws {
        try await QueueFixture.run { queue in
            var job = queue.job(lane: .high)
            job.tenant = "acme"
            job.user = "u1"
            job.shim = "s1"
            job.provider = .alibaba
            job.routingStrategy = "cheapest"
            job.onWorkerLoss = .restart
            let entry = try await queue.queue.submit(job, body: QueueFixture.body)

            let claim = try await queue.claimOne("w1")

            job.body = .inline(QueueFixture.body)
            #expect(claim.job == job)
            #expect(claim.attempt.entry == entry)
            #expect(claim.attempt.number == 1)
            #expect(claim.attempt.channel == queue.keys.shimChannel("s1"))
        }
    }

    @Test func `a small body travels inside its entry, a large one beside it until after the deadline`() async throws {
        try await QueueFixture.run { queue in
            let small = [UInt8](repeating: 0x20, count: Job.inlineBodyBytes)
            let large = small + [0x20]
            let (one, two) = (queue.job(), queue.job())
            _ = try await queue.queue.submit(one, body: small)
            _ = try await queue.queue.submit(two, body: large)

            let claims = try await queue.claim("w1")

            #expect(claims.map(\.job.body) == [.inline(small), .stored])
            #expect(try await queue.queue.body(of: claims[0].job) == small)
            #expect(try await queue.queue.body(of: claims[1].job) == large)
            #expect(try await queue.ttl(queue.keys.request(one.id)) == -2)
            #expect(try await queue.ttl(queue.keys.request(two.id)) > 600_000)
        }
    }

    @Test func `a large body that has expired is nil`() async throws {
        try await QueueFixture.run { queue async throws in
            #expect(try await queue.queue.body(of: queue.job()) == nil)
        }
    }

    @Test func `a tracked job is submitted once, however often it is sent`() async throws {
        try await QueueFixture.run { queue in
            let job = shimJob(queue)
            for expected in [JobQueue.TrackedSubmission.submitted, .attached, .attached] {
                #expect(try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: hash) == expected)
            }

            #expect(try await queue.length() == 1)
            let edges = try await queue.queue.logEdges(job.id)
            #expect(
                edges?.first.record
                    == .queued(bodyHash: hash, tenant: "default", channel: queue.keys.shimChannel("s1")))
            #expect(try await queue.ttl(queue.keys.log(job.id)) > 24 * 3_600_000)
        }
    }

    @Test func `another body under the same id is a conflict, also while and after it runs`() async throws {
        try await QueueFixture.run { queue in
            let job = queue.job()
            func submit(_ hash: String) async throws -> JobQueue.TrackedSubmission {
                try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: hash)
            }
            #expect(try await submit("one") == .submitted)
            #expect(try await submit("two") == .conflict)
            let claim = try await queue.claimOne("w1")
            _ = try await queue.queue.start(claim.attempt, usage: queue.row(1))
            #expect(try await submit("two") == .conflict)
            _ = try await queue.finish(claim.attempt)
            #expect(try await submit("two") == .conflict)
            #expect(try await submit("one") == .attached)

            #expect(try await queue.length() == 0)
        }
    }

    @Test func `a tracked job that was cancelled before it was submitted does not run`() async throws {
        try await QueueFixture.run { queue async throws in
            let job = queue.job()
            #expect(try await queue.queue.cancel(job.id) == .cancelled)

            #expect(try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: hash) == .attached)

            #expect(try await queue.length() == 0)
            #expect(try await queue.logIDs(job.id) == [QueueScripts.end])
        }
    }

    @Test func `cancelling twice cancels once`() async throws {
        try await QueueFixture.run { queue in
            let job = try await queue.submit()

            #expect(try await queue.queue.cancel(job.id) == .cancelled)
            #expect(try await queue.queue.cancel(job.id) == .ended)

            let end = try #require(try await queue.queue.logEdges(job.id)?.last)
            guard case .end(let record) = end.record else { throw Unexpected(record: end.record) }
            #expect(record.status == .cancelled)
            #expect(record.failure?.kind == .cancelled)
        }
    }

    private struct Unexpected: Error { let record: RequestLogEntry.Record }

    @Test func `cancelling an unknown request leaves a log that goes away by itself`() async throws {
        try await QueueFixture.run { queue async throws in
            let id = JobID.make(now: 1)
            #expect(try await queue.queue.cancel(id) == .cancelled)

            // For as long as an entry of it might come.
            let most = QueueLimits.longestDeadline + queue.queue.limits.grace + queue.queue.limits.streamLogTTL
            #expect((1...most.milliseconds).contains(try await queue.ttl(queue.keys.log(id))))
        }
    }

    @Test func `a cancelled queued job tells its shim, and is dropped by the worker that claims it`() async throws {
        try await QueueFixture.run { queue in
            let job = shimJob(queue)
            _ = try await queue.queue.submitTracked(job, body: QueueFixture.body, bodyHash: hash)
            let messages = try await queue.messages(shim: "s1") { () async throws in
                #expect(try await queue.queue.cancel(job.id) == .cancelled)
                #expect(try await queue.queue.cancel(job.id) == .ended)
            }
            let claim = try await queue.claimOne("w1")

            #expect(try await queue.queue.start(claim.attempt, usage: queue.row(1)) == .dropped)

            #expect(messages.map { $0.prefix { $0 != "\n" } } == ["\(job.id) \(QueueScripts.end) 0-1 e cancelled"])
            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == [])
        }
    }

    @Test func `cancelling a running job nudges its worker, whose next delta is refused`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            let nudges = try await queue.messages(channel: queue.keys.workerChannel("w1")) { () async throws in
                #expect(try await queue.queue.cancel(claim.job.id) == .cancelled)
            }

            #expect(nudges == [claim.job.id])
            #expect(try await queue.queue.append(claim.attempt, seq: 1, payload: [], tokens: 0) == .ended)
            #expect(try await queue.finish(claim.attempt) == .ended)
            #expect(try await queue.length() == 0)
            #expect(try await queue.bills() == ["\(claim.job.id) 1 final"])
        }
    }

    @Test func `a finished job cannot be cancelled`() async throws {
        try await QueueFixture.run { queue in
            let claim = try await queue.running("w1")
            _ = try await queue.finish(claim.attempt)

            #expect(try await queue.queue.cancel(claim.job.id) == .ended)

            #expect(try await queue.logIDs(claim.job.id) == ["1-0", QueueScripts.end])
        }
    }
}
