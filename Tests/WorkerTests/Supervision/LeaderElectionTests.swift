import Logging
import NIOPosix
import ServiceLifecycle
import Shared
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct LeaderElectionTests {
    private func election(_ worker: String, _ queue: QueueFixture, lease: Duration = .seconds(60)) -> LeaderElection {
        LeaderElection(
            redis: queue.redis, keys: PoolKeys(prefix: queue.keys.prefix), worker: worker, lease: lease,
            logger: PipelineFixture.silent)
    }

    private func holder(_ queue: QueueFixture) async throws -> String? {
        try await queue.redis.send(RedisCommand("GET", .string(PoolKeys(prefix: queue.keys.prefix).leader))).string
    }

    @Test func `of several workers one leads`() async throws {
        try await QueueFixture.run { queue in
            let workers = (1...3).map { election("w\($0)", queue, lease: .milliseconds(600)) }
            try await SupervisionFixture.running(workers[0], workers[1], workers[2]) {
                try await eventually("one is elected") { workers.contains(where: \.isLeader) }
                let first = try await holder(queue)
                // Longer than the lease: it is renewed.
                let end = ContinuousClock.now + .milliseconds(900)
                while ContinuousClock.now < end {
                    #expect(workers.count(where: \.isLeader) <= 1)
                    try await EventLoopTimer.sleep(for: .milliseconds(20))
                }
                #expect(try await holder(queue) == first)
            }
        }
    }

    @Test func `a leader that shuts down hands over at once`() async throws {
        try await QueueFixture.run { queue in
            let (first, second) = (election("w1", queue), election("w2", queue, lease: .milliseconds(600)))
            try await SupervisionFixture.running(first) {
                try await eventually("the first leads") { first.isLeader }
            }
            #expect(!first.isLeader)
            #expect(try await holder(queue) == nil)

            try await SupervisionFixture.running(second) {
                try await eventually("the second leads, long before the lease of a minute ends") { second.isLeader }
            }
        }
    }

    @Test func `a worker that is no leader leaves the leader's lease alone when it shuts down`() async throws {
        try await QueueFixture.run { queue in
            let (first, second) = (election("w1", queue), election("w2", queue))
            try await SupervisionFixture.running(first) {
                try await eventually("the first leads") { first.isLeader }
                try await SupervisionFixture.running(second) {}
                #expect(try await holder(queue) == "w1")
                #expect(first.isLeader)
            }
        }
    }

    @Test func `the lease of a leader that died ends by itself`() async throws {
        try await QueueFixture.run { queue in
            let key = PoolKeys(prefix: queue.keys.prefix).leader
            _ = try await queue.redis.send(RedisCommand("SET", .string(key), "dead", "PX", "300"))
            let worker = election("w1", queue, lease: .milliseconds(300))
            try await SupervisionFixture.running(worker) {
                try await eventually("the living one leads") { worker.isLeader }
                #expect(try await holder(queue) == "w1")
            }
        }
    }

    @Test func `a leader that cannot reach Redis leads no longer than its lease`() async throws {
        let server = try await RedisServer.start()
        try await QueueFixture.run(server: server) { queue in
            let worker = election("w1", queue, lease: .milliseconds(500))
            try await SupervisionFixture.running(worker) {
                try await eventually("it leads") { worker.isLeader }
                server.pause()
                try await eventually("it no longer leads") { !worker.isLeader }
                server.resume()
                try await eventually("it leads again") { worker.isLeader }
            }
        }
    }

    @Test func `a duty is done at once when elected, then at its interval, and never by another`() async throws {
        try await QueueFixture.run { queue in
            let (leader, other) = (election("w1", queue), election("w2", queue))
            let done = Mutex<[ContinuousClock.Instant]>([])
            let wrong = Mutex(0)
            try await SupervisionFixture.running(leader) {
                try await eventually("it leads") { leader.isLeader }
                let began = ContinuousClock.now
                try await SupervisionFixture.running(
                    other,
                    Duty { await leader.repeating(.milliseconds(100)) { done.withLock { $0.append(.now) } } },
                    Duty { await other.repeating(.milliseconds(10)) { wrong.withLock { $0 += 1 } } }
                ) {
                    try await eventually("three times") { done.withLock { $0.count } >= 3 }
                }
                let times = done.withLock { $0 }
                #expect(times[0] - began < .seconds(1))
                #expect(times[2] - times[0] >= .milliseconds(200))
                #expect(wrong.withLock { $0 } == 0)
            }
        }
    }
}

private struct Duty: Service {
    let work: @Sendable () async -> Void

    func run() async throws { await work() }
}
