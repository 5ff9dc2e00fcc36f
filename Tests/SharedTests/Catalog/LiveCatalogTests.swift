import Foundation
import Logging
import NIOPosix
import TestSupport
import Testing

@testable import Shared

/// Changes reach every process at once, and PostgreSQL may be away.
@Suite struct LiveCatalogTests {
    private let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    private let prefix = "test-\(UInt64.random(in: .min ... .max)):"

    /// Looks by itself too seldom for any test.
    private func config(_ environment: [String: String] = [:]) async throws -> SharedConfig {
        let base = [
            "REDIS_URL": try await SharedRedis.shared.url, "CACHE_PREFIX": prefix, "CATALOG_REFRESH": "3600",
            "START_PATIENCE": "0.1", "START_TIMEOUT": "20",
        ]
        var settings = Settings(environment: base.merging(environment) { $1 })
        let config = SharedConfig(&settings)
        try settings.check()
        return config
    }

    private func cache(_ pool: PostgresPool, _ config: SharedConfig) async throws -> LiveCatalog {
        try await CatalogBootstrap(config, pool, silent).start()
    }

    private func insert(_ id: String, _ pool: PostgresPool) async throws {
        try await CatalogStore(pool).apply(
            CatalogFile(models: [Model(id: id, provider: .sandbox)], accounts: []), box: nil)
    }

    /// The copy in Redis, as some other process sees it.
    private func stored(_ config: SharedConfig) async throws -> [String]? {
        await RedisClient.briefly(try config.redis.configuration(), name: "test", logger: silent) {
            redis -> [String]? in
            let copies = CatalogRedisCache(redis: redis, keys: config.catalogKeys, lifetimes: config.catalog.lifetimes)
            do { return try await copies.read()?.snapshot.models.map(\.id) } catch { return nil }
        }
    }

    @Test func `a change that is told is in every process within a second`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let config = try await config()
        let caches = [try await cache(pool, config), try await cache(pool, config), try await cache(pool, config)]

        try await withThrowingTaskGroup(of: Void.self) { group in
            for cache in caches { group.addTask { try await cache.run() } }
            // Before that, a row that is written after the first look, and not told, is not seen for an hour.
            try await eventually("all listen") { try await listeners(config) == 3 }
            try await insert("first", pool)
            try await CatalogNotifier.tell(config, silent)
            try await eventually("all have begun") { caches.allSatisfy { $0.current.models.count == 1 } }

            var times: [Duration] = []
            for number in 1...5 {
                try await insert("m\(number)", pool)
                let told = ContinuousClock.now
                try await CatalogNotifier.tell(config, silent)
                try await eventually("all have it") { caches.allSatisfy { $0.current.models.count == number + 1 } }
                times.append(.now - told)
            }

            #expect(times.allSatisfy { $0 < .seconds(1) }, "\(times)")
            group.cancelAll()
        }
    }

    private func listeners(_ config: SharedConfig) async throws -> Int64? {
        await RedisClient.briefly(try config.redis.configuration(), name: "test", logger: silent) { redis -> Int64? in
            let command = RedisCommand("PUBSUB", "NUMSUB", .string(config.catalogKeys.channel))
            do { return try await redis.send(command).array?.last?.int } catch { return nil }
        }
    }

    @Test func `a change during a look is not missed, however many messages there are`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let config = try await config()
        let cache = try await cache(pool, config)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cache.run() }
            try await eventually("it listens") { try await listeners(config) == 1 }
            for number in 1...30 {
                try await insert("m\(number)", pool)
                try await CatalogNotifier.tell(config, silent)
            }
            try await eventually("the last one is there", timeout: .seconds(2)) { cache.current.models.count == 30 }
            group.cancelAll()
        }
    }

    @Test func `with PostgreSQL away a process starts with the copy, and migrates and loads when it is back`()
        async throws
    {
        let server = try await PostgresServer.start(isDurable: true)
        let pool = PostgresPool(PostgresConfiguration(url: Secret(server.url())))
        let other = try await SharedPostgres.shared.migratedPool()
        let config = try await config()
        let old = try await cache(other, config)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await old.run() }
            try await insert("copied", other)
            try await CatalogNotifier.tell(config, silent)
            try await eventually("the copy is in Redis") { try await stored(config) == ["copied"] }

            // Nothing was ever migrated there.
            try await server.stop(.fast)
            let cache = try await cache(pool, config)
            #expect(cache.current.models.map(\.id) == ["copied"])
            group.addTask { try await cache.run() }

            try await server.start()
            try await eventually("it has migrated and loaded") { cache.current.models.isEmpty }
            try await insert("fresh", pool)
            try await CatalogNotifier.tell(config, silent)
            try await eventually("it sees changes") { cache.current.models.map(\.id) == ["fresh"] }
            group.cancelAll()
        }
    }

    @Test func `while PostgreSQL is away the newer copy of another process is taken`() async throws {
        let none = try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none"))
        let pool = try await SharedPostgres.shared.migratedPool()
        let config = try await config()
        let cut = LiveCatalog(
            CatalogSnapshot(models: [Model(id: "old", provider: .sandbox)]), stamp: .init(version: "old", asOf: 1),
            store: CatalogStore(none), interval: .seconds(3600), logger: silent,
            links: try CatalogRedisLinks(
                config.catalogRedis(), group: MultiThreadedEventLoopGroup.singleton, logger: silent))
        let healthy = try await cache(pool, config)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cut.run() }
            try await eventually("it has written its own") { try await stored(config) == ["old"] }
            try await insert("new", pool)
            group.addTask { try await healthy.run() }

            try await eventually("it has the other's") { cut.current.models.map(\.id) == ["new"] }
            group.cancelAll()
        }
    }

    @Test func `the copies are renewed before they expire`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        // They are written anew after half their life, so a busy machine may be 3 s late.
        let config = try await config(["CACHE_TTL_MODELS": "6", "CACHE_TTL_ACCOUNTS": "6"])
        let cache = try await cache(pool, config)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cache.run() }
            try await eventually("the copy is there") { try await stored(config) != nil }
            let start = ContinuousClock.now
            try await eventually("its life has passed", timeout: .seconds(15)) {
                let copy = try await stored(config)
                #expect(copy != nil)
                return ContinuousClock.now - start > .seconds(7)
            }
            group.cancelAll()
        }
    }

    @Test func `with neither PostgreSQL nor a copy the start is refused, and says what to do`() async throws {
        let none = try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none"))
        let cold = try await config(["START_TIMEOUT": "1"])
        let dead = try await config(["START_TIMEOUT": "3", "REDIS_URL": "redis://127.0.0.1:1"])

        for (config, redis) in [(cold, "no copy of the catalogue"), (dead, "its copy in Redis")] {
            let error = await #expect(throws: NoCatalogue.self) { try await cache(none, config) }
            let text = "\(try #require(error))"
            #expect(text.contains("PostgreSQL: cannot connect") && text.contains(redis))
            for name in ["DATABASE_URL", "REDIS_URL", "START_TIMEOUT"] { #expect(text.contains(name)) }
        }
    }
}
