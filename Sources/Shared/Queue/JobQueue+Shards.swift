/// The number of shards an installation has ever had.
///
/// Fewer would leave requests where nobody looks.
extension JobQueue {
    /// One command that needs no script cache.
    ///
    /// Its answer is the most that any worker was ever told, this one's included.
    package static func shardsCommand(_ count: Int, _ keys: QueueKeys) -> RedisCommand {
        shards.command(keys: [keys.shards], arguments: RedisArguments([.int(count)]), isCached: false)
    }

    /// Notes the number of shards where it has grown.
    ///
    ///     KEYS[1] -> shards
    ///     ARGV[1] -> shards that there are
    ///     number -> the most there ever were
    private static let shards = RedisScript(
        """
        local shards, count = KEYS[1], tonumber(ARGV[1])
        local most = tonumber(redis.call('GET', shards) or '1')
        if count > most then redis.call('SET', shards, ARGV[1]) end
        return math.max(most, count)
        """)
}
