import Shared

/// The counters of quotas.
extension AccountLimiter {
    /// Sets what the ledger says, and returns the tokens used in the current period (`LimiterScripts.measure`).
    func setQuota(
        _ account: Account, _ used: QuotaLedger.Used, first: Int64, now: Int64
    ) async throws(RedisError) -> Int64 {
        let reply = try await redis.evaluate(
            LimiterScripts.measure, keys: [keys.base],
            args: [
                .string(account.id), .int(account.period(at: now)?.start ?? 0), .int(used.settled), .int(first),
            ] + used.hours.sorted { $0.key < $1.key }.flatMap { [RedisArgument.int($0.key), .int($0.value)] })
        return reply.int ?? 0
    }

    /// Tokens used in the current period, reservations included, or 0 where Redis knows nothing.
    func quotaUsed(_ account: Account, now: Int64) async throws(RedisError) -> Int64 {
        let fields = try await redis.send(RedisCommand("HGETALL", .string(keys.quota(account.id)))).array ?? []
        return QuotaCounter(fields, period: account.period(at: now)?.start ?? 0)?.used ?? 0
    }

    func knowsQuota(_ account: Account, now: Int64) async throws(RedisError) -> Bool {
        let period = try await redis.send(RedisCommand("HGET", .string(keys.quota(account.id)), "p")).int
        // Whoever reserves next begins a new period after an older one. A younger one is another kind of period.
        return period.map { $0 <= account.period(at: now)?.start ?? 0 } ?? false
    }
}
