import Logging
import NIOPosix
import ServiceLifecycle
import TestSupport

@testable import Shared
@testable import Worker

/// An outbox in Redis, a ledger in PostgreSQL, and a flusher between them that runs while `body` does.
struct FlusherFixture: Sendable {
    let queue: QueueFixture
    let pool: PostgresPool
    private let outbox: RedisClient
    private let configuration: WorkerConfig

    private static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// `pool`: of a migrated database.
    ///
    /// One of its own unless given.
    static func run(
        pool: PostgresPool? = nil, flushBatch: Int = 100, _ body: (FlusherFixture) async throws -> Void
    ) async throws {
        let pool = if let pool { pool } else { try await SharedPostgres.shared.migratedPool() }
        var settings = Settings(environment: [
            "FLUSH_INTERVAL": "0.01", "FLUSH_BATCH": "\(flushBatch)", "CLAIM_BLOCK": "0.1",
        ])
        let configuration = WorkerConfig(&settings)
        try settings.check()
        let outbox = RedisClient(
            try RedisConfiguration(url: try await SharedRedis.shared.url), name: "test-outbox",
            group: MultiThreadedEventLoopGroup.singleton, logger: silent)
        try await QueueFixture.run { queue in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await outbox.run() }
                try await body(FlusherFixture(queue: queue, pool: pool, outbox: outbox, configuration: configuration))
                group.cancelAll()
            }
        }
    }

    private func flusher() -> UsageFlusher {
        UsageFlusher(
            queue: queue.queue, outbox: outbox, ledger: UsageLedger(pool), worker: "w-1", metrics: WorkerMetrics(),
            budgets: LiveBudgets(redis: outbox, keys: PoolKeys(prefix: queue.keys.prefix), logger: Self.silent),
            settings: configuration.flush, block: configuration.claim.block,
            logger: Self.silent)
    }

    /// Runs a flusher for as long as `body` takes, then shuts it down in good order.
    func flushing(_ body: () async throws -> Void) async throws {
        let services = ServiceGroup(services: [flusher()], logger: Self.silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await body()
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    // MARK: - Outbox

    func bill(
        _ id: String, attempt: Int = 1, f: String = "1", tokens: Int = 0, output: Int = 50, account: String = "a"
    ) async throws {
        var record = AttemptRecord(startedAt: 1_795_392_000_000, enqueuedAt: 1_795_392_000_000)
        (record.model, record.provider, record.account, record.status) = ("m", "openai", account, .done)
        record.usage = TokenUsage(input: 100, output: output)
        try await bill(id, attempt: attempt, f: f, tokens: tokens, record: record.encoded)
    }

    func bill(_ id: String, attempt: Int = 1, f: String = "1", tokens: Int = 0, record: [UInt8]) async throws {
        _ = try await queue.redis.send(
            RedisCommand(
                "XADD", .string(queue.keys.usage), "*", "id", .string(id), "a", .int(attempt), "f", .string(f), "u",
                .bytes(record), "t", .int(tokens)))
    }

    /// Claims everything for another flusher, which then is silent for longer than a flusher may be.
    func abandon(by consumer: String) async throws {
        let group = RedisArgument.string(QueueKeys.outboxGroup)
        let key = RedisArgument.string(queue.keys.usage)
        _ = try await queue.redis.send(
            RedisCommand("XREADGROUP", "GROUP", group, .string(consumer), "COUNT", "1000", "STREAMS", key, ">"))
        for record in try await queue.stream(queue.keys.usage) {
            _ = try await queue.redis.send(
                RedisCommand(
                    "XCLAIM", key, group, .string(consumer), "0", .string(record.id), "IDLE", "600000", "JUSTID"))
        }
    }

    // MARK: - Seeing

    /// Neither entries nor anything pending.
    func isOutboxEmpty() async throws -> Bool {
        let length = try await queue.redis.send(RedisCommand("XLEN", .string(queue.keys.usage))).int
        let pending = try await queue.redis.send(
            RedisCommand("XPENDING", .string(queue.keys.usage), .string(QueueKeys.outboxGroup)))
        return length == 0 && pending.array?.first?.int == 0
    }

    /// Rows that a flusher has taken and not acknowledged.
    func pendingRows() async throws -> Int64 {
        let pending = try await queue.redis.send(
            RedisCommand("XPENDING", .string(queue.keys.usage), .string(QueueKeys.outboxGroup)))
        return pending.array?.first?.int ?? 0
    }

    func outboxEmpties() async throws { try await eventually("the outbox is empty") { try await isOutboxEmpty() } }

    /// `request attempt final|estimated tokens`, in order.
    func ledger() async throws -> [String] {
        try await pool.query("SELECT * FROM usage_attempts ORDER BY request_id, attempt").rows.map { row in
            "\(try row.required("request_id", String.self)) \(try row.required("attempt", Int.self)) "
                + "\(try row.bool("final") ? "final" : "estimated") \(try row.required("tokens_out", Int.self))"
        }
    }

    func deadLetters() async throws -> [String] {
        try await queue.stream(queue.keys.dead).map { "\($0.fields["id"] ?? "") \($0.fields["why"] ?? "")" }
    }
}
