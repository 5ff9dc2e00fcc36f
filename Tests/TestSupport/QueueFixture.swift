import Logging
import NIOPosix
package import Shared

/// A queue with a prefix of its own on the shared test server, with readings for tests.
package struct QueueFixture: Sendable {
    package let queue: JobQueue
    package let redis: RedisClient

    package var keys: QueueKeys { queue.keys }

    /// Runs `body` with a connected queue, and checks that no key but the queues would stay for ever.
    ///
    /// `lease` is zero unless given: then everything claimed counts as expired.
    package static func run(
        lease: Duration = .zero, server: RedisServer? = nil, url: String? = nil, patience: Duration = .seconds(5),
        _ body: (QueueFixture) async throws -> Void
    ) async throws {
        let shared = server == nil && url == nil ? try await SharedRedis.shared.url : ""
        let keys = QueueKeys(prefix: "test-\(UInt64.random(in: .min ... .max)):")
        let redis = RedisClient(
            try RedisConfiguration(url: url ?? server?.url ?? shared), name: "test", home: keys.shardPrefix,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        var limits = QueueLimits()
        limits.lease = lease
        limits.patience = patience
        let fixture = QueueFixture(queue: JobQueue(redis: redis, keys: keys, limits: limits), redis: redis)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await redis.run() }
            try await fixture.queue.createGroups()
            try await body(fixture)
            try await fixture.checkThatAllIsMortal()
            group.cancelAll()
        }
    }

    // MARK: - Doing

    package static let body = Array(#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#.utf8)

    package func job(_ id: String = JobID.make(now: 1), lane: Lane = .normal) -> Job {
        var job = Job(id: id, deadline: SystemWallClock().now + 600_000, body: .stored)
        job.lane = lane
        return job
    }

    /// Submits a job and returns it.
    @discardableResult
    package func submit(_ id: String = JobID.make(now: 1), lane: Lane = .normal) async throws -> Job {
        let job = job(id, lane: lane)
        _ = try await queue.submit(job, body: Self.body)
        return job
    }

    /// All that can be claimed by `worker` from one lane.
    package func claim(_ worker: String, most: Int = 100) async throws -> [Claim] {
        try await queue.claim(worker: worker, free: most, shares: Lane.allCases.map { ($0, most) })
            .map { try claim($0, worker) }
    }

    package func claimOne(_ worker: String) async throws -> Claim {
        let claims = try await claim(worker, most: 1)
        guard let claim = claims.first else { throw QueueFixtureError.nothingToClaim }
        return claim
    }

    /// Submits, claims and starts one job.
    package func running(_ worker: String) async throws -> Claim {
        try await submit()
        let claim = try await claimOne(worker)
        guard try await queue.start(claim.attempt, usage: row(1)) == .started else {
            throw QueueFixtureError.notStarted
        }
        return claim
    }

    /// Takes over everything whose lease ran out, without reaping it yet.
    package func takeExpired(_ worker: String) async throws -> [Claim] {
        var cursor = JobQueue.ReapCursor()
        let entries = try await queue.takeExpired(lane: .normal, worker: worker, limit: 100, cursor: &cursor)
        var claims: [Claim] = []
        for var entry in entries {
            entry.deliveries = try await queue.deliveries(of: entry, worker: worker) ?? 1
            claims.append(try claim(entry, worker))
        }
        return claims
    }

    /// Takes over and reaps the one expired entry.
    ///
    /// Returns the running claim.
    package func reapOne(_ worker: String) async throws -> (JobQueue.Reap, Claim) {
        guard let claim = try await takeExpired(worker).first else { throw QueueFixtureError.nothingToClaim }
        let verdict = try await queue.reap(claim, usage: row(2))
        guard case .run(let number, let deliveries) = verdict else { return (verdict, claim) }
        return (
            verdict, Claim(job: claim.job, attempt: claim.attempt.takenOver(number: number, deliveries: deliveries))
        )
    }

    package func claim(_ entry: JobQueue.Entry, _ worker: String) throws -> Claim {
        let job = try Job(entry: entry.fields, lane: entry.lane, defaultDeadline: 0)
        return Claim(
            job: job,
            attempt: Attempt(
                id: job.id, lane: entry.lane, worker: worker, entry: entry.entry,
                number: job.attemptsBefore + entry.deliveries, deliveries: entry.deliveries, deadline: job.deadline,
                channel: job.shim.map(keys.shimChannel) ?? ""))
    }

    package func row(_ number: Int) -> [UInt8] { Array(#"{"row":\#(number)}"#.utf8) }

    package func finish(_ attempt: Attempt, lastSeq: Int = 0) async throws -> JobQueue.Finish {
        try await queue.finish(
            attempt, lastSeq: lastSeq,
            end: .init(status: .done, meta: Array("{}".utf8), result: Array("answer".utf8)), usage: row(9),
            keepLog: .seconds(60))
    }
}

package enum QueueFixtureError: Error {
    case nothingToClaim, notStarted
    /// Keys that would stay for ever.
    case immortal([String])
}
