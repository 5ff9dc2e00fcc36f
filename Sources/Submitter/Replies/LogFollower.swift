import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Follows requests that were submitted elsewhere, by one blocking XREAD over their logs.
///
/// The slow path: another shim's request, or a producer's. Costs grow with the number of followed logs, which is why a
/// shim's own requests never come here. A hit only marks the reply as behind; its reader then reads the log.
final class LogFollower: Service {
    /// Longest XREAD; a reply that begins to be followed waits at most this long for its first look.
    static let block = Duration.milliseconds(100)
    /// Pause while every followed reader is still busy with what it has.
    static let pause = Duration.milliseconds(20)

    private let hub: ReplyHub
    private let redis: RedisClient
    private let logger: Logger

    /// `redis` must be a connection that nothing else uses: XREAD blocks it.
    init(hub: ReplyHub, redis: RedisClient, logger: Logger) {
        self.hub = hub
        self.redis = redis
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.hub.follows {
                while !Task.isCancelled, self.hub.hasFollowed { await self.look() }
            }
        }
    }

    private func look() async {
        let targets = hub.followed
        guard !targets.isEmpty else { return await rest(Self.pause) }
        do throws(RedisError) {
            for (key, top) in try await read(targets) {
                for reply in hub.readers(ofLog: key) { reply.swept(top: top) }
            }
        } catch {
            logger.debug("followed logs cannot be read", metadata: [LogKey.error: "\(error)"])
            await rest(.seconds(1))
        }
    }

    private func read(
        _ targets: [(reply: OpenReply, after: RequestLogID)]
    ) async throws(RedisError) -> [(key: String, top: RequestLogTop)] {
        var command = RedisCommand("XREAD", "COUNT", "1", "BLOCK", .int(Self.block.milliseconds), "STREAMS")
        for target in targets { command.append(.string(hub.queue.keys.log(target.reply.id))) }
        for target in targets { command.append(.string("\(target.after)")) }
        let answer = try await redis.send(command, timeout: Self.block + .seconds(5))
        return (answer.array ?? []).compactMap { stream in
            guard let pair = stream.array, pair.count == 2, let key = pair[0].string,
                let entry = RequestLogEntry.list(pair[1]).first
            else { return nil }
            return (key, RequestLogTop(id: entry.id, bytes: entry.bytes))
        }
    }

    private func rest(_ pause: Duration) async {
        do { try await Task.sleep(for: pause) } catch { return }
    }
}

extension ReplyHub {
    var followed: [(reply: OpenReply, after: RequestLogID)] {
        allReplies.compactMap { reply in reply.followedFrom.map { (reply, $0) } }
    }

    var hasFollowed: Bool { allReplies.contains { $0.isFollowed } }

    func readers(ofLog key: String) -> [OpenReply] {
        let prefix = queue.keys.log("")
        guard key.hasPrefix(prefix) else { return [] }
        return state.withLock { $0.replies[String(key.dropFirst(prefix.count))] ?? [] }
    }
}
