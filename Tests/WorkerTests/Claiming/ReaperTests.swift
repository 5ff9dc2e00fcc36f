import ServiceLifecycle
import Shared
import TestSupport
import Testing

@testable import Worker

/// Recovery comes before new work.
@Suite(.timeLimit(.minutes(1))) struct ReaperTests {
    @Test func `nothing is taken over without a connection, nor within a lease after it came back`() {
        let patience = ReapPatience(isUp: false)
        #expect(!patience.mayReap)

        patience.connected(lease: .zero)
        patience.connection(isUp: true)
        #expect(patience.mayReap)

        patience.connection(isUp: false)
        #expect(!patience.mayReap)

        patience.connected(lease: .seconds(60))
        patience.connection(isUp: true)
        #expect(!patience.mayReap)
    }

    @Test func `a worker without a free slot takes over all jobs of a dead one`() async throws {
        let stub = try ProviderStub.start { _ in .openAICompletion("fine") }
        let settings = [
            "WORKER_CONCURRENCY": "2", "RECOVERY_CONCURRENCY": "5", "REAP_INTERVAL": "0.1", "REAP_BATCH": "3",
        ]
        try await PipelineFixture.run([stub], settings: settings, lease: .seconds(1)) { fixture in
            var ids: [String] = []
            for lane in [Lane.normal, .batch] {
                for _ in 0..<20 { ids.append(try await fixture.submit(lane: lane)) }
            }
            _ = try await fixture.queue.claim("dead")
            let slots = Slots(2)
            #expect(slots.take(upTo: 2) == 2)

            try await reaping(fixture, slots) {
                try await eventually("all are answered") { try await fixture.leftovers() == 0 }
            }

            for id in ids { #expect(try await fixture.end(id).trail == ["a0 ok"]) }
            #expect(slots.free == 0)
        }
    }

    @Test func `no more are taken over at once than may be`() async throws {
        let gate = Gate()
        let stub = try ProviderStub.start { _ in
            var reply = StubReply.openAICompletion("fine")
            reply.steps.insert(.waitFor(gate), at: 0)
            return reply
        }
        let settings = ["WORKER_CONCURRENCY": "1", "RECOVERY_CONCURRENCY": "3", "REAP_INTERVAL": "0.1"]
        try await PipelineFixture.run([stub], settings: settings, lease: .seconds(1)) { fixture in
            for _ in 0..<10 { _ = try await fixture.submit() }
            _ = try await fixture.queue.claim("dead")
            let slots = Slots(1)
            #expect(slots.take(upTo: 1) == 1)

            try await reaping(fixture, slots) {
                _ = try await stub.request(2)
                #expect(slots.inUse == 4)
                #expect(slots.take(upTo: 1, overdraft: 3) == 0)
                gate.release()
                try await eventually("all are answered") { try await fixture.leftovers() == 0 }
            }
        }
    }

    /// A worker's reaper and what keeps its leases, for as long as `body` runs.
    private func reaping(_ fixture: PipelineFixture, _ slots: Slots, _ body: () async throws -> Void) async throws {
        let worker = try fixture.worker()
        let services = ServiceGroup(
            services: [
                Renewer(queue: fixture.queue.queue, running: worker.running),
                Reaper(
                    queue: fixture.queue.queue, reader: worker.reader, pipeline: worker.pipeline, slots: slots,
                    patience: ReapPatience(), settings: fixture.configuration.reap,
                    overdraft: fixture.configuration.slots.recovery, logger: PipelineFixture.silent),
            ], logger: PipelineFixture.silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            do { try await body() } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// `LeaseKeeper` without a limiter and a heartbeat.
    private struct Renewer: Service {
        let queue: JobQueue
        let running: RunningJobs

        func run() async throws {
            try await cancelWhenGracefulShutdown {
                while !Task.isCancelled {
                    _ = try await running.renewed { attempts throws(RedisError) in try await queue.renew(attempts) }
                    do { try await EventLoopTimer.sleep(for: .milliseconds(20)) } catch { return }
                }
            }
        }
    }
}
