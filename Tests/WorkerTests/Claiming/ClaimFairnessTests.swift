import NIOPosix
import ServiceLifecycle
import Shared
import TestSupport
import Testing

@testable import Worker

/// Behind 5,000 jobs of one tenant, another's single request starts within twice the service time.
///
/// One lane at a time: what is measured is time.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ClaimFairnessTests {
    private static let service = Duration.seconds(2)

    @Test(arguments: Lane.allCases)
    func `a tenant's first request does not wait for another's 5,000`(_ lane: Lane) async throws {
        let stub = try ProviderStub.start { _ in
            var reply = StubReply.openAICompletion("fine")
            reply.steps.insert(.pause(Self.service), at: 0)
            return reply
        }
        try await PipelineFixture.run([stub], settings: ["WORKER_CONCURRENCY": "4"], lease: .seconds(60)) { fixture in
            try await fixture.queue.submit(5000, tenant: "x", .batch)
            try await running(fixture) {
                try await eventually("the worker is busy") { try await fixture.queue.pending(.batch).count == 4 }
                let began = ContinuousClock.now
                let late = try await fixture.queue.submit(tenant: "y", lane)

                try await eventually("Y's request has started") { try await !fixture.logIDs(late.id).isEmpty }

                #expect(ContinuousClock.now - began < Self.service * 2)
                try await eventually("Y's request is done") {
                    try await fixture.logIDs(late.id).last == PipelineFixture.endID
                }
            }
        }
    }

    /// A worker's claim loop and what keeps its queue in order, for as long as `body` runs.
    private func running(_ fixture: PipelineFixture, _ body: () async throws -> Void) async throws {
        let worker = try fixture.worker()
        let slots = Slots(fixture.configuration.slots.total)
        let blocking = RedisClient(
            fixture.queue.redis.configuration, name: "claim", group: MultiThreadedEventLoopGroup.singleton,
            logger: PipelineFixture.silent)
        let services = ServiceGroup(
            services: [
                blocking,
                QueueMaintenance(
                    queue: fixture.queue.queue, reader: worker.reader, settings: fixture.configuration.maintenance,
                    pace: IdlePace(running: [worker.running], busy: .milliseconds(250), idle: .milliseconds(250)),
                    logger: PipelineFixture.silent),
                ClaimService(
                    queue: fixture.queue.queue, blocking: blocking,
                    runner: ClaimRunner(
                        reader: worker.reader, pipeline: worker.pipeline, slots: slots, logger: PipelineFixture.silent),
                    slots: slots, rooms: worker.rooms, running: worker.running, settings: fixture.configuration.claim,
                    drainTimeout: fixture.configuration.drainTimeout, readiness: Readiness(),
                    logger: PipelineFixture.silent),
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
}
