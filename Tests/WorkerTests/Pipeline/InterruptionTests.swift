import Shared
import TestSupport
import Testing

@testable import Worker

/// Jobs that are stopped from outside, wherever they are at that moment.
@Suite(.timeLimit(.minutes(1))) struct InterruptionTests {
    @Test func `a job that is still booking when the shutdown is told goes to the next worker, unstarted`() async throws
    {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], limits: { $0.concurrency = 1 }) { fixture in
            let worker = try fixture.worker()
            let id = try await fixture.submit()
            worker.running.cancelAll(.shutdown)

            try await worker.runOne()

            #expect(stub.counters.requests == 0)
            #expect(try await fixture.logIDs(id) == [])
            #expect(try await fixture.billed(id) == [])
            #expect(try await fixture.queue.pending() == [])
            #expect(worker.running.count == 0)
            // Its capacity came back with it.
            try await fixture.worker("w2").runOne()
            #expect(try await fixture.end(id).trail == ["a0 ok"])
        }
    }

    @Test func `a job that is taken over when the shutdown is told is put back`() async throws {
        let gate = Gate()
        let stub = try ProviderStub.start { _ in
            var reply = StubReply.openAICompletion("fine")
            reply.steps.insert(.waitFor(gate), at: 0)
            return reply
        }
        try await PipelineFixture.run([stub]) { fixture in
            let worker = try fixture.worker()
            let id = try await fixture.submit()
            _ = try await fixture.queue.claimOne("dead")
            worker.running.cancelAll(.shutdown)

            try await worker.takeOverOne()

            #expect(try await fixture.waiting() == 1)
            gate.release()
            try await fixture.promoteOne()
            try await fixture.worker("w2").runOne()
            #expect(try await fixture.end(id).status == "done")
        }
    }

    @Test func `an error body that never ends does not keep a cancelled job`() async throws {
        let stub = try ProviderStub.start { request in
            guard request.index == 0 else { return .openAICompletion("fine") }
            let head = StubReply.head(500, [("Content-Type", "application/json"), ("Content-Length", "1000")])
            return StubReply([.bytes(head), .text(#"{"error":"#), .stall])
        }
        try await PipelineFixture.run([stub]) { fixture in
            let worker = try fixture.worker()
            let id = try await fixture.submitStream()
            async let run: Void = worker.runOne()
            let refused = try await stub.request(0)
            // One thread reads all answers: when it has read this one, it has read the beginning of that one.
            _ = try await fixture.submit()
            try await fixture.worker("w2").runOne()

            try await worker.cancel(id)
            try await run

            _ = try await refused.waitForClientClose()
            #expect(try await fixture.billed(id) == ["1 final"])
            #expect(try await fixture.leftovers() == 0)
        }
    }

    @Test func `a job that waits in a room is nobody's`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], limits: { $0.requestsPerMinute = 1 }) { fixture in
            let worker = try fixture.worker()
            for _ in 0..<2 {
                _ = try await fixture.submit()
                try await worker.runOne()
            }

            #expect(try await fixture.queue.queue.rooms().map(\.count) == [1])
            #expect(worker.running.count == 0)
        }
    }

    @Test func `a job taken over that finds no capacity does not wait behind new work for ever`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        try await PipelineFixture.run([stub], limits: { $0.concurrency = 1 }) { fixture in
            let id = try await fixture.submit()
            _ = try await fixture.queue.claimOne("dead")
            let worker = try fixture.worker()
            // Everybody else's: a room full of new work, and an account that is busy.
            let spec = RoomSpec(accounts: ["a0"])
            for _ in 0..<20 {
                _ = try await fixture.submit()
                let claim = try await fixture.queue.claimOne("w0")
                _ = try await fixture.queue.park(claim, in: spec.room, spec: spec.encoded)
            }
            let slots = RedisArgument.string(PoolKeys(prefix: fixture.queue.keys.prefix).slots("a0"))
            let until = SystemWallClock().now + 60_000
            _ = try await fixture.queue.redis.pipeline([
                RedisCommand("ZADD", slots, .int(until), "somebody"), RedisCommand("PEXPIREAT", slots, .int(until)),
            ])
            try await worker.takeOverOne()
            try await fixture.promoteOne()
            worker.rooms.parked(in: spec)
            try await worker.runOne()
            #expect(try await fixture.queue.queue.rooms().map(\.count) == [21])

            let first = try await fixture.queue.admit("w2", from: spec.room, most: 2)

            #expect(first.map(\.job.id).contains(id))
        }
    }
}
