import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Looks at the queue once a second, in one round trip, for `Admission` and `/ready`.
final class QueueGauges: Service {
    /// Chosen: at 5,000 requests a second the limit is overshot by 5 % at most.
    static let interval = Duration.seconds(1)

    private let queue: JobQueue
    private let logger: Logger
    private struct State {
        var gauges: Admission.Gauges?
        /// Bytes that were submitted since.
        var submitted = 0
    }

    private let state = Mutex(State())

    init(queue: JobQueue, logger: Logger) {
        self.queue = queue
        self.logger = logger
    }

    /// `nil` until Redis has answered once; what was submitted since is counted in.
    var latest: Admission.Gauges? {
        state.withLock { state in
            guard var gauges = state.gauges else { return nil }
            gauges.usedMemory += state.submitted
            return gauges
        }
    }

    /// A body is on its way to Redis: a second is enough for gigabytes.
    func submitted(bytes: Int) { state.withLock { $0.submitted += bytes } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }

    private func look() async {
        do throws(RedisError) {
            let gauges = try await read()
            let before = state.withLock { state in
                defer { state = State(gauges: gauges) }
                return state.gauges
            }
            if gauges.evicts, before?.evicts != true {
                logger.error("redis may evict queued requests: maxmemory-policy must be noeviction")
            }
            let known = before?.durability?.warnings ?? []
            for warning in gauges.durability?.warnings ?? [] where !known.contains(warning) {
                logger.warning("\(RedisDurability.message)", metadata: [LogKey.reason: "\(warning)"])
            }
        } catch {
            logger.debug("the queue cannot be measured", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func read() async throws(RedisError) -> Admission.Gauges {
        let lanes = Lane.allCases
        var commands = lanes.map { RedisCommand("XLEN", .string(queue.keys.queue($0))) }
        commands.append(RedisCommand("XLEN", .string(queue.keys.usage)))
        commands.append(JobQueue.liveWorkersCommand(queue.keys))
        let replies = try await queue.redis.pipeline(commands + RedisDurability.commands)
        for reply in replies { try reply.throwIfError() }
        let info = RedisInfo(Array(replies[commands.count...]))
        var gauges = Admission.Gauges()
        for (lane, reply) in zip(lanes, replies) { gauges.waiting[lane] = Int(reply.int ?? 0) }
        gauges.outbox = Int(replies[lanes.count].int ?? 0)
        gauges.workers = Int(replies[lanes.count + 1].int ?? 0)
        gauges.usedMemory = info["used_memory"].flatMap { Int($0) } ?? 0
        gauges.maxMemory = info["maxmemory"].flatMap { Int($0) } ?? 0
        gauges.hostMemory = info["total_system_memory"].flatMap { Int($0) } ?? 0
        gauges.evicts = info.evicts
        gauges.durability = RedisDurability(info)
        return gauges
    }
}
