package import Shared
import Synchronization

/// A clock that stands until it is told to go on.
package final class ManualClock: WallClock {
    private let time: Mutex<Int64>

    package init(_ now: Int64 = SystemWallClock().now) { time = Mutex(now) }

    package var now: Int64 { time.withLock { $0 } }

    package func advance(_ milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}

/// Tenants, order and rooms.
extension QueueFixture {
    /// The same queue with other limits or another clock.
    package func with(
        clock: any WallClock = SystemWallClock(), _ change: (inout QueueLimits) -> Void = { _ in }
    ) -> QueueFixture {
        var limits = queue.limits
        change(&limits)
        return QueueFixture(queue: JobQueue(redis: redis, keys: keys, limits: limits, clock: clock), redis: redis)
    }

    @discardableResult
    package func submit(tenant: String, _ lane: Lane = .normal, deadline: Int64? = nil) async throws -> Job {
        var job = job(lane: lane)
        job.tenant = tenant
        if let deadline { job.deadline = deadline }
        _ = try await queue.submit(job, body: Self.body)
        return job
    }

    /// Submits many at once.
    ///
    /// Returns their ids in order.
    @discardableResult
    package func submit(
        _ count: Int, tenant: String, _ lane: Lane = .normal, attemptsBefore: Int = 0
    ) async throws -> [String] {
        let ids = (0..<count).map { _ in JobID.make(now: 1) }
        let commands = ids.map { id in
            RedisCommand(
                "XADD", .string(keys.queue(lane)), "*", "v", "1", "id", .string(id), "t", .string(tenant), "dl",
                .int(SystemWallClock().now + 600_000), "n", .int(attemptsBefore), "req", .bytes(Self.body))
        }
        for reply in try await redis.pipeline(commands) { try reply.throwIfError() }
        return ids
    }

    /// Sorts all that waits, however young.
    package func sortAll(_ worker: String = "sorter") async throws {
        while try await queue.sort(worker: worker, olderThan: .zero) > 0 {}
    }

    package func park(
        _ claim: Claim, in room: String = "room", spec: [UInt8] = [], due: Int64 = 0
    ) async throws -> JobQueue.Parking {
        try await queue.park(claim, in: room, spec: spec, due: due, expected: due)
    }

    package func admit(
        _ worker: String, from room: String = "room", most: Int = 100, isForced: Bool = true
    ) async throws -> [Claim] {
        try await queue.admit(room: room, worker: worker, limit: most, isForced: isForced).map { try claim($0, worker) }
    }

    /// Starts and finishes a claim.
    package func complete(_ claim: Claim) async throws -> Bool {
        guard try await queue.start(claim.attempt, usage: row(1)) == .started else { return false }
        return try await finish(claim.attempt) == .ok
    }
}
