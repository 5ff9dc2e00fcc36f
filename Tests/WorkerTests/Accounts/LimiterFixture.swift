import Shared
import TestSupport

@testable import Worker

/// Limiters of several workers over one Redis, with keys of their own.
struct LimiterFixture: Sendable {
    let redis: RedisClient
    let keys: PoolKeys

    static func run(_ body: (LimiterFixture) async throws -> Void) async throws {
        try await QueueFixture.run { queue in
            try await body(LimiterFixture(redis: queue.redis, keys: PoolKeys(prefix: queue.keys.prefix)))
        }
    }

    func limiter(_ worker: String = "w1", lease: Duration = .seconds(15)) -> AccountLimiter {
        var configuration = AccountLimiter.Configuration()
        configuration.lease = lease
        return AccountLimiter(
            redis: redis, keys: keys, worker: worker, configuration: configuration, logger: PipelineFixture.silent)
    }

    static func candidate(
        _ account: Account, group: Int = 0, tokens: Int = 10, factor: Double = 1, trial: String? = nil
    ) -> ReservationCandidate {
        ReservationCandidate(
            route: Route(model: Model(id: "m\(group)", provider: .openai), account: account), group: group,
            tokens: tokens, factor: factor, trial: trial)
    }

    /// Ids of the accounts that `count` reservations one after the other take, none of which is settled.
    func taken(_ count: Int, _ request: ReservationRequest, by limiter: AccountLimiter) async throws -> [String] {
        var taken: [String] = []
        for number in 0..<count {
            let answer = try await limiter.reserve(
                request, for: "r\(UInt64.random(in: 0 ... .max))/\(number)", now: SystemWallClock().now)
            if case .taken(_, let reservation) = answer { taken.append(reservation.account) }
        }
        return taken
    }

    func window(_ account: String) async throws -> (requests: Int64, tokens: Int64) {
        let sums = try await redis.send(RedisCommand("HMGET", .string(keys.window(account)), "r", "t")).array ?? []
        return (sums[0].int ?? 0, sums[1].int ?? 0)
    }

    func running(_ account: String) async throws -> Int64 {
        try await redis.send(RedisCommand("ZCARD", .string(keys.slots(account)))).int ?? 0
    }
}
