/// Lets one of the processes that see PostgreSQL's outage tell of it, through Redis.
package struct OutageMark: Sendable {
    package enum Claim: String, Sendable {
        /// This process is to tell, within the time of its claim.
        case mine
        /// Another one is about to.
        case busy
        case told
    }

    private let redis: RedisClient
    private let keys: PoolKeys
    private let process: String

    /// Chosen: longer than the deliveries to some channels take.
    private static let lease = Duration.seconds(60)
    /// Longer than an outage that nobody ends.
    private static let keep = Duration.seconds(7 * 86_400)

    package init(redis: RedisClient, keys: PoolKeys, process: String) {
        (self.redis, self.keys, self.process) = (redis, keys, process)
    }

    package func claim() async throws(RedisError) -> Claim {
        let reply = try await redis.evaluate(
            Self.claiming, keys: [keys.outage], args: [.string(process), .int(Self.lease.milliseconds)])
        return reply.string.flatMap(Claim.init(rawValue:)) ?? .busy
    }

    package func setTold() async throws(RedisError) {
        _ = try await redis.send(
            RedisCommand("SET", .string(keys.outage), "told", "PX", .int(Self.keep.milliseconds)))
    }

    /// The outage is over: the next one is told again.
    package func remove() async throws(RedisError) {
        _ = try await redis.send(RedisCommand("DEL", .string(keys.outage)))
    }

    /// Takes the mark, or renews it.
    ///
    ///     KEYS[1] -> mark
    ///     ARGV[1] -> process
    ///     ARGV[2] -> life in ms
    ///     "mine" -> it is this process's
    ///     "busy" -> it is another one's
    ///     "told" -> the channels know
    private static let claiming = RedisScript(
        """
        local holder = redis.call('GET', KEYS[1])
        if holder == 'told' then return 'told' end
        if holder and holder ~= ARGV[1] then return 'busy' end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 'mine'
        """)
}
