import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Follows requests that were submitted elsewhere, by one blocking XREAD over their logs.
///
/// This is the slow path, for the requests of another shim or producer. Costs grow with the number of followed logs,
/// which is why a shim's own requests never come here. A hit only marks the reply as behind. Its reader then reads the
/// log.
final class LogFollower: Service {
    /// Longest XREAD, for which a newly followed reply waits at most for its first look.
    static let block = Duration.milliseconds(100)
    /// Pause while every followed reader is still busy with earlier records.
    static let pause = Duration.milliseconds(20)

    private let hub: ReplyHub
    private let queue: JobQueue
    private let redis: RedisClient
    private let logger: Logger

    /// Follows the requests of one shard.
    ///
    /// XREAD blocks `redis`, so nothing else may use it.
    init(hub: ReplyHub, queue: JobQueue, redis: RedisClient, logger: Logger) {
        self.hub = hub
        self.queue = queue
        self.redis = redis
        self.logger = logger
    }

    func run() async throws {
        guard let follows = hub.follows(of: queue) else { return }
        await cancelWhenGracefulShutdown {
            for await _ in follows {
                while !Task.isCancelled, self.hub.hasFollowed(of: self.queue) { await self.look() }
            }
        }
    }

    private func look() async {
        let targets = hub.followed(of: queue)
        guard !targets.isEmpty else { return await pause(Self.pause) }
        do throws(RedisError) {
            for (key, top) in try await read(targets) {
                for reply in hub.readers(ofLog: key, in: queue) { reply.swept(top: top) }
            }
        } catch {
            logger.debug("followed logs cannot be read", metadata: [LogKey.error: "\(error)"])
            await pause(.seconds(1))
        }
    }

    private func read(
        _ targets: [(reply: ReplySubscription, after: RequestLogID)]
    ) async throws(RedisError) -> [(key: String, top: RequestLogTop)] {
        var command = RedisCommand("XREAD", "COUNT", "1", "BLOCK", .int(Self.block.milliseconds), "STREAMS")
        for target in targets { command.append(.string(queue.keys.log(target.reply.id))) }
        for target in targets { command.append(.string("\(target.after)")) }
        let answer = try await redis.send(command, timeout: Self.block + .seconds(5))
        return (answer.array ?? []).compactMap { stream in
            guard let pair = stream.array, pair.count == 2, let key = pair[0].string,
                let entry = RequestLogEntry.list(pair[1]).first
            else { return nil }
            return (key, RequestLogTop(id: entry.id, bytes: entry.bytes))
        }
    }

    private func pause(_ duration: Duration) async {
        do { try await EventLoopTimer.sleep(for: duration) } catch { return }
    }
}

extension ReplyHub {
    func followed(of queue: JobQueue) -> [(reply: ReplySubscription, after: RequestLogID)] {
        replies(queue).compactMap { reply in reply.followedFrom.map { (reply, $0) } }
    }

    func hasFollowed(of queue: JobQueue) -> Bool { replies(queue).contains { $0.isFollowed } }

    func readers(ofLog key: String, in queue: JobQueue) -> [ReplySubscription] {
        let prefix = queue.keys.log("")
        guard key.hasPrefix(prefix) else { return [] }
        return state.withLock { $0.replies[String(key.dropFirst(prefix.count))] ?? [] }
    }
}
