import ArgumentParser
import NIOPosix
import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

/// Connects the commands for the catalogue to PostgreSQL, and to Redis to tell the processes.
///
/// Neither shim nor worker is needed. Exit code 1 where something cannot be done, 3 for wrong settings, 64 for wrong
/// values.
struct AdminSession: Sendable {
    let startup: Startup
    let pool: PostgresPool

    /// Runs `work` to its end, and tells its failure on standard error.
    static func run(_ work: (AdminSession) async throws -> Void) async throws {
        let startup = try Startup()
        let session = AdminSession(startup: startup, pool: PostgresPool(startup.postgres()))
        do {
            try await work(session)
            await session.pool.close()
        } catch {
            await session.pool.close()
            throw complained(error)
        }
    }

    func admin() throws -> CatalogAdmin {
        CatalogAdmin(pool: pool, box: try startup.shared.masterKeys.box(), allowsReferences: true) { await tell() }
    }

    /// As the audit log shows it.
    var actor: String { Self.actor }

    static var actor: String { "cli:" + user(ProcessInfo.processInfo.environment) }

    /// The user behind `sudo`, else that of the variables that a login sets.
    ///
    /// Services and containers have none of these, so then the system is asked.
    static func user(_ environment: [String: String], system: () -> String? = systemUser) -> String {
        let names =
            ["SUDO_USER", "USER", "LOGNAME"].lazy.compactMap { environment[$0] } + [system()].compactMap(\.self)
        return names.map(plain).first { !$0.isEmpty } ?? "uid-\(getuid())"
    }

    /// The name of the effective user, or `nil` where the system has none for its number, as in many containers.
    private static func systemUser() -> String? {
        guard let entry = unsafe getpwuid(geteuid()), let name = unsafe entry.pointee.pw_name else { return nil }
        return unsafe String(validatingCString: name)
    }

    private static func plain(_ name: String) -> String {
        String(name.filter { $0.isASCII && !$0.isWhitespace }.prefix(64))
    }

    func author(_ reason: String? = nil) -> CatalogAdmin.Author { CatalogAdmin.Author(actor, reason: reason) }

    /// The change is committed already: a Redis that is away costs only time.
    func tell() async {
        do {
            let (keys, logger) = (startup.shared.catalogKeys, startup.logger("submitter"))
            try await withRedis { redis in await CatalogNotifier(redis: redis, keys: keys, logger: logger).tell() }
        } catch {
            StandardStreams.error("Redis cannot be told: processes see the change within CATALOG_REFRESH.\n")
        }
    }

    /// All shards, each over a connection of its own.
    func withQueues<Value: Sendable>(_ work: @Sendable (JobQueues) async throws -> Value) async throws -> Value {
        let (shared, logger) = (startup.shared, startup.logger("submitter"))
        let configuration = try shared.redis.configuration()
        let queues = JobQueues(
            shared.shardKeys.map { keys in
                let redis = RedisClient(
                    configuration, name: ProcessName.make(role: "cli"), home: keys.shardPrefix,
                    group: MultiThreadedEventLoopGroup.singleton, logger: logger)
                return JobQueue(redis: redis, keys: keys, limits: shared.queue.limits)
            })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for queue in queues.all { group.addTask { try await queue.redis.run() } }
            defer { for queue in queues.all { queue.redis.close() } }
            return try await work(queues)
        }
    }

    /// A connection at the accounts' keys.
    func withRedis<Value: Sendable>(_ work: @Sendable (RedisClient) async throws -> Value) async throws -> Value {
        let redis = RedisClient(
            try startup.shared.redis.configuration(), name: ProcessName.make(role: "cli"),
            home: PoolKeys(prefix: startup.shared.cachePrefix).base,
            group: MultiThreadedEventLoopGroup.singleton, logger: startup.logger("submitter"))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await redis.run() }
            defer { redis.close() }
            return try await work(redis)
        }
    }

    private static func advice(_ error: any Error) -> String {
        let postgres: PostgresError? =
            if case CatalogAdminError.database(let inner) = error { inner } else { error as? PostgresError }
        return postgres?.code == .undefinedTable ? "The database has no tables yet: submitter migrate\n" : ""
    }

    private static func complained(_ error: any Error) -> any Error {
        if error is ExitCode || error is ValidationError { return error }
        StandardStreams.error("\(error)\n" + advice(error))
        switch error {
        case CatalogAdminError.invalid: return ExitCode.validationFailure
        case CatalogAdminError.noMasterKey, is SecretBox.Failure: return Exit.wrongSettings
        case is CatalogFile.Mistakes: return ExitCode.validationFailure
        default: return Exit.failed
        }
    }
}
