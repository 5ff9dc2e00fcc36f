/// How many shards an installation has ever had: fewer would leave requests where nobody looks.
extension JobQueue {
    /// One command that needs no script cache; its answer is the most that any worker was ever told, this one's included.
    package static func shardsCommand(_ count: Int, _ keys: QueueKeys) -> RedisCommand {
        shards.command(keys: [keys.shards], arguments: RedisArguments([.int(count)]), isCached: false)
    }

    /// Notes the number of shards where it has grown.
    ///
    /// KEYS shards. ARGV how many there are. Returns the most there ever were.
    private static let shards = RedisScript(
        """
        local most = tonumber(redis.call('GET', KEYS[1]) or '1')
        local count = tonumber(ARGV[1])
        if count > most then redis.call('SET', KEYS[1], ARGV[1]) end
        return math.max(most, count)
        """)
}
