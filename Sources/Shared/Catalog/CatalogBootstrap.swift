package import Logging
package import NIOCore
import Synchronization

/// Gives worker and shim their first catalogue.
///
///     1 PostgreSQL is up      → migrate, load CATALOG_FILE into an empty catalogue, load
///     2 away for START_PATIENCE, and both copies are in Redis
///                             → start with them, and do 1 as soon as PostgreSQL is back
///     3 neither within START_TIMEOUT
///                             → `NoCatalogue`
///
/// Mistakes that only a person can mend (a wrong database, a wrong file) end the start at once.
package struct CatalogBootstrap: Sendable {
    private let settings: CatalogSettings
    private let masterKeys: MasterKeySettings
    private let redis: CatalogRedis
    private let pool: PostgresPool
    private let logger: Logger
    private let group: any EventLoopGroup

    private static let pause = Duration.milliseconds(250)

    package init(
        _ settings: CatalogSettings, masterKeys: MasterKeySettings, redis: CatalogRedis, pool: PostgresPool,
        logger: Logger, group: any EventLoopGroup
    ) {
        self.settings = settings
        self.masterKeys = masterKeys
        self.redis = redis
        self.pool = pool
        self.logger = logger
        self.group = group
    }

    /// The catalogue, ready for use.
    ///
    /// The caller runs it as a service, which keeps it fresh.
    package func start() async throws -> LiveCatalog {
        let (copy, isFromRedis) = try await firstCopy()
        let preparation: LiveCatalog.Preparation = { try await self.prepare() }
        return LiveCatalog(
            copy.snapshot, stamp: copy.stamp, store: CatalogStore(pool), interval: settings.refresh,
            logger: logger,
            links: CatalogRedisLinks(redis, group: group, logger: logger),
            preparation: isFromRedis ? preparation : nil)
    }

    /// Applies the migrations that are missing, and returns their names.
    @discardableResult
    package func migrate() async throws -> [String] {
        let giveUp = ContinuousClock.now + settings.startTimeout
        while true {
            do throws(PostgresError) {
                return try await applyMigrations()
            } catch {
                guard error.code == .unavailable, ContinuousClock.now < giveUp else { throw error }
            }
            try await EventLoopTimer.sleep(for: Self.pause)
        }
    }

    private func applyMigrations() async throws(PostgresError) -> [String] {
        let applied = try await Migrations.run(on: pool)
        if !applied.isEmpty { logger.info("migrated", metadata: [LogKey.steps: "\(applied.joined(separator: ", "))"]) }
        return applied
    }

    private func prepare() async throws {
        _ = try await applyMigrations()
        guard let path = settings.file else { return }
        guard try await CatalogStore(pool).isEmpty() else {
            return logger.info(
                "there is a catalogue: CATALOG_FILE is not looked at, 'submitter catalog apply' would do it")
        }
        let apply = CatalogApply(pool: pool, box: try masterKeys.box()) { await tell() }
        let author = CatalogAdmin.Author("system", reason: "CATALOG_FILE in an empty catalogue")
        guard case .changes(let changes) = try await apply.run(try CatalogDraft(path: path), .ifEmpty, by: author)
        else {
            return
        }
        let models = changes.filter { $0.kind == .model }.count
        logger.info(
            "catalogue loaded", metadata: [LogKey.models: "\(models)", LogKey.accounts: "\(changes.count - models)"])
    }

    /// The change is committed already.
    ///
    /// Without Redis, processes see it a little later.
    private func tell() async {
        await CatalogNotifier.tell(redis, logger)
    }

    // MARK: - The first catalogue

    /// The last answer or failure of PostgreSQL and of Redis.
    private struct Progress {
        /// PostgreSQL has answered.
        ///
        /// From here on it is waited for, however long a migration takes.
        var isUp = false
        var database = "PostgreSQL: no answer"
        var redis = "Redis: no answer"
    }

    private final class Findings: Sendable {
        private let progress = Mutex(Progress())

        var isUp: Bool { progress.withLock { $0.isUp } }
        var failure: NoCatalogue { progress.withLock { NoCatalogue(database: $0.database, redis: $0.redis) } }

        func databaseIsUp() { progress.withLock { $0.isUp = true } }

        func database(_ error: PostgresError) {
            progress.withLock { ($0.isUp, $0.database) = (false, "\(error)") }
        }

        func redis(_ problem: String) { progress.withLock { $0.redis = problem } }
    }

    /// Asks PostgreSQL and Redis side by side, so that a server that does not answer cannot hold up the other.
    private func firstCopy() async throws -> (VersionedCatalog, isFromRedis: Bool) {
        let findings = Findings()
        return try await withThrowingTaskGroup(of: (VersionedCatalog, Bool).self) { group in
            defer { group.cancelAll() }
            group.addTask { (try await fromDatabase(findings), false) }
            group.addTask { (try await fromRedis(findings), true) }
            group.addTask { try await giveUp(findings) }
            guard let first = try await group.next() else { throw findings.failure }
            return first
        }
    }

    private func fromDatabase(_ findings: Findings) async throws -> VersionedCatalog {
        while true {
            do {
                _ = try await pool.query("SELECT 1")
                findings.databaseIsUp()
                try await prepare()
                return try await CatalogStore(pool).copy()
            } catch let error as PostgresError where error.code == .unavailable {
                findings.database(error)
            }
            try await EventLoopTimer.sleep(for: Self.pause)
        }
    }

    private func fromRedis(_ findings: Findings) async throws -> VersionedCatalog {
        // Half of the time-out at most, so that a start that gives up has looked at Redis too.
        try await EventLoopTimer.sleep(for: min(settings.startPatience, settings.startTimeout / 2))
        let found = await RedisClient.briefly(
            redis.configuration, name: "catalog-start", home: redis.keys.home, group: group, logger: logger
        ) { [redis] client -> VersionedCatalog? in
            let cache = CatalogRedisCache(redis: client, keys: redis.keys, lifetimes: redis.lifetimes)
            return await copy(cache, findings)
        }
        guard let copy = found else { throw CancellationError() }
        logger.warning("PostgreSQL is away: starting with the catalogue's copy in Redis")
        return copy
    }

    /// Looks until there is a copy and PostgreSQL is still away, or until the task is cancelled (`nil`).
    private func copy(_ cache: CatalogRedisCache, _ findings: Findings) async -> VersionedCatalog? {
        for await _ in every(Self.pause) {
            do throws(RedisError) {
                if !findings.isUp, let copy = try await cache.read() { return copy }
                findings.redis("Redis: no copy of the catalogue")
            } catch {
                findings.redis("\(error)")
            }
        }
        return nil
    }

    private func giveUp(_ findings: Findings) async throws -> Never {
        try await EventLoopTimer.sleep(for: settings.startTimeout)
        while findings.isUp { try await EventLoopTimer.sleep(for: Self.pause) }
        throw findings.failure
    }
}

/// Neither PostgreSQL nor the copies in Redis gave a catalogue.
package struct NoCatalogue: Error, CustomStringConvertible {
    package let database: String
    package let redis: String

    package var description: String {
        """
        no catalogue to start with: PostgreSQL is away (\(database)) and its copy in Redis cannot be had (\(redis)). \
        Start PostgreSQL (DATABASE_URL), or the Redis of a service that was running (REDIS_URL), and start again; \
        START_TIMEOUT says how long a start waits for them
        """
    }
}
