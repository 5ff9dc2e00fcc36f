/// WAIT tells how far writes have travelled.
extension JobQueue {
    /// For each request the number of replicas that have its log and all that was written before this call.
    ///
    /// `nil` where there is no log, because the server that had it is gone. Waits for `least` replicas, up to
    /// `patience`, and blocks the connection meanwhile. `WAIT` is about the connection's own writes, so a mark is
    /// written first: a replica that has the mark has everything before it.
    package func replicas(
        of ids: [String], atLeast least: Int, within patience: Duration
    ) async throws(RedisError) -> [Int?] {
        let mark = RedisCommand("SET", .string(keys.mark), "1", "PX", "1000")
        let wait = RedisCommand("WAIT", .int(least), .int(max(1, patience.milliseconds)))
        let replies = try await redis.pipeline(
            [mark] + ids.map { RedisCommand("EXISTS", .string(keys.log($0))) } + [wait],
            timeout: patience + redis.configuration.commandTimeout)
        for reply in replies { try reply.throwIfError() }
        let count = Int(replies.last?.int ?? 0)
        return replies.dropFirst().dropLast().map { $0.int == 1 ? count : nil }
    }
}
