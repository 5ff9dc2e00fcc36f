import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Measures the queue once a second, in one round trip a shard, for `Admission` and `/ready`.
final class QueueGauges: Service {
    /// Chosen: at 5,000 requests a second the limit is overshot by 5 % at most.
    static let interval = Duration.seconds(1)

    private let queues: JobQueues
    private let logger: Logger
    private struct State {
        /// By shard.
        var gauges: [Int: Admission.Gauges] = [:]
        /// Bytes that were submitted since, by shard.
        var submitted: [Int: Int] = [:]
    }

    private let state = Mutex(State())

    init(queues: JobQueues, logger: Logger) {
        self.queues = queues
        self.logger = logger
    }

    /// Waiting requests of all shards, and the memory of this shard's server.
    ///
    /// `nil` until that has answered once. Bytes that were submitted since are counted in.
    func latest(of queue: JobQueue) -> Admission.Gauges? {
        let (all, submitted) = state.withLock { ($0.gauges, $0.submitted[queue.keys.shard, default: 0]) }
        guard var gauges = all[queue.keys.shard] else { return nil }
        gauges.usedMemory += submitted
        for (shard, other) in all where shard != queue.keys.shard {
            gauges.waiting.merge(other.waiting, uniquingKeysWith: +)
            gauges.outbox += other.outbox
        }
        return gauges
    }

    private var all: [Admission.Gauges] { state.withLock { Array($0.gauges.values) } }

    var evicts: Bool { all.contains { $0.evicts } }

    /// The reason why requests in a server may be lost, or `nil` where there is none.
    var complaint: String? { all.lazy.compactMap { $0.durability?.complaint }.first }

    /// Live workers by the shard that sees the fewest, since a worker serves all, or `nil` until Redis was asked.
    var workers: Int? { all.map(\.workers).min() }

    /// Counts a body on its way to Redis, because a second is enough for gigabytes.
    func submitted(bytes: Int, to queue: JobQueue) {
        state.withLock { $0.submitted[queue.keys.shard, default: 0] += bytes }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in every(Self.interval) {
                await withTaskGroup(of: Void.self) { group in
                    for queue in self.queues.all { group.addTask { await self.look(queue) } }
                }
            }
        }
    }

    private func look(_ queue: JobQueue) async {
        do throws(RedisError) {
            let gauges = try await read(queue)
            let before = state.withLock { state in
                state.submitted[queue.keys.shard] = 0
                return state.gauges.updateValue(gauges, forKey: queue.keys.shard)
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

    private func read(_ queue: JobQueue) async throws(RedisError) -> Admission.Gauges {
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
