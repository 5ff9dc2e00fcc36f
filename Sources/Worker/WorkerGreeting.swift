import Logging
import Shared

/// What a worker does on every fresh connection to Redis, before any other command passes.
///
/// Consumer groups are made where they are missing; RESYNC asks after each running attempt, and those that Redis has given
/// away or lost are interrupted; reaping waits. A Redis that evicts keys is refused: it would lose requests.
struct WorkerGreeting: Sendable {
    let keys: QueueKeys
    let limits: QueueLimits
    let readiness: Readiness
    let patience: ReapPatience
    let running: RunningJobs
    let logger: Logger

    @Sendable func greet(_ session: RedisSession) async throws {
        for reply in try await session.pipeline(JobQueue.groupCommands(keys)) where reply.errorPrefix != "BUSYGROUP" {
            try reply.throwIfError()
        }
        // A worker that starts beside a server that has been up for a lease knows that leases were kept.
        let isSettled = session.previousRunID == nil && session.uptime > limits.lease
        patience.connected(lease: isSettled ? .zero : limits.lease)
        try await checkEviction(session)
        if session.isNewServer { try await resync(session) }
    }

    private func resync(_ session: RedisSession) async throws {
        let asked = running.all
        let attempts = asked.flatMap(\.attempts)
        let replies = try await session.pipeline(attempts.map { JobQueue.resyncCommand($0, keys) })
        logger.warning("another Redis server, resynchronising", metadata: ["jobs": "\(asked.count)"])
        for reply in replies { try reply.throwIfError() }
        let lost = Set(zip(attempts, replies).filter { JobQueue.Resync($1) == .lost }.map(\.0))
        for job in asked where job.attempts.allSatisfy(lost.contains) { running.lost(job) }
    }

    private func checkEviction(_ session: RedisSession) async throws {
        let memory = RedisInfo(try await session.send(RedisCommand("INFO", "memory")).string ?? "")
        let isBounded = (memory["maxmemory"] ?? "0") != "0"
        let policy = memory["maxmemory_policy"] ?? "noeviction"
        let isSafe = !isBounded || policy == "noeviction"
        readiness.complain(isSafe ? nil : "Redis evicts keys (\(policy)); it must run with maxmemory-policy noeviction")
        if !isSafe { logger.critical("Redis evicts keys and would lose requests; set maxmemory-policy noeviction") }
    }
}
