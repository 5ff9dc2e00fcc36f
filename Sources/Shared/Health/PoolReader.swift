/// Reads what Redis knows of accounts at this moment, for people to look at.
///
/// That is their health, what runs, and how much of the limits is used.
package struct PoolReader: Sendable {
    package struct Reading: Sendable, Equatable {
        package var account: Account
        /// The account as a whole, or `nil` if nothing is known about it.
        package var whole: RouteHealth?
        /// By model id.
        package var models: [String: RouteHealth]
        /// Reservations of all workers.
        package var running: Int
        /// Of the last minute.
        package var requests: Int64
        package var tokens: Int64
        /// Of the current period, or `nil` for accounts without a quota, or before it was measured.
        package var quotaUsed: Int64?
    }

    private let redis: RedisClient
    private let keys: PoolKeys

    package init(redis: RedisClient, keys: PoolKeys) {
        self.redis = redis
        self.keys = keys
    }

    /// One round trip beside that for health.
    ///
    /// `now` is in milliseconds since 1970.
    package func read(_ accounts: [Account], now: Int64) async throws(RedisError) -> [Reading] {
        let health = try await HealthStore(redis: redis, keys: keys).all()
        let replies = try await redis.pipeline(
            accounts.flatMap { account in
                [
                    RedisCommand("ZCOUNT", .string(keys.slots(account.id)), .int(now), "+inf"),
                    RedisCommand("HGETALL", .string(keys.window(account.id))),
                    RedisCommand("HGETALL", .string(keys.quota(account.id))),
                ]
            })
        for reply in replies { try reply.throwIfError() }
        return accounts.enumerated().map { index, account in
            let window = Self.window(replies[3 * index + 1].array ?? [], now: now)
            let period = account.period(at: now)?.start ?? 0
            let quota =
                account.quotaLimit == nil ? nil : QuotaCounter(replies[3 * index + 2].array ?? [], period: period)
            return Reading(
                account: account, whole: health[RouteKey(account: account.id)]?.health,
                models: Self.models(of: account, health), running: Int(replies[3 * index].int ?? 0),
                requests: window.requests, tokens: window.tokens, quotaUsed: quota?.used)
        }
    }

    private static func models(of account: Account, _ health: [RouteKey: HealthStore.Versioned]) -> [String:
        RouteHealth]
    {
        var models: [String: RouteHealth] = [:]
        for (route, state) in health where route.account == account.id {
            if let model = route.model { models[model] = state.health }
        }
        return models
    }

    /// The buckets of the last minute.
    ///
    /// Older ones lie there until the next reservation.
    private static func window(_ fields: [RedisValue], now: Int64) -> (requests: Int64, tokens: Int64) {
        let first = (now - 60_000) / PoolKeys.bucketMilliseconds
        var sums: (requests: Int64, tokens: Int64) = (0, 0)
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].string, let bucket = Int64(name.dropFirst()), bucket >= first else {
                continue
            }
            let value = fields[index + 1].int ?? 0
            if name.hasPrefix("r") {
                sums.requests = sums.requests.addingClamped(value)
            } else {
                sums.tokens = sums.tokens.addingClamped(value)
            }
        }
        return sums
    }
}
