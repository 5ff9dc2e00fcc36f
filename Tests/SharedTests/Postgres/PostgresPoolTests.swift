import TestSupport
import Testing

@testable import Shared

/// Connections under trouble: killed, refused, used up, cancelled.
@Suite struct PostgresPoolTests {
    /// The process of the server that serves a connection.
    private func backend(_ pool: PostgresPool) async throws -> Int {
        try await #require(try pool.query("SELECT pg_backend_pid() AS pid").first).required("pid")
    }

    @Test func `a connection that the server ended while idle is replaced unseen`() async throws {
        let pool = try await SharedPostgres.shared.pool { $0.poolSize = 1 }
        let other = try await SharedPostgres.shared.pool()
        let pid = try await backend(pool)

        _ = try await other.query("SELECT pg_terminate_backend($1::int, 5000)", [.int(pid)])

        #expect(try await backend(pool) != pid)
    }

    @Test func `a stopped server makes calls fail fast, and the first call after it is back works`() async throws {
        let server = try await PostgresServer.start()
        let pool = PostgresPool(PostgresConfiguration(url: Secret(server.url())))
        // All four connections have been used, so that each of them is stale afterwards.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { _ = try await pool.query("SELECT pg_sleep(0.05)") } }
            try await group.waitForAll()
        }

        try await server.stop(.immediate)
        let start = ContinuousClock.now
        for _ in 0..<8 {
            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(error?.code == .unavailable)
        }
        #expect(ContinuousClock.now - start < .seconds(2))
        try await server.start()

        for _ in 0..<8 { #expect(try await pool.query("SELECT 1").count == 1) }
    }

    @Test func `statements are measured, and the server is up as it answered the last time`() async throws {
        let registry = MetricsRegistry()
        func isUp() -> Double? {
            registry.readings.first { $0.family == .dependencyUp }?.sum { $0 == ["postgres"] }
        }
        let pool = try await SharedPostgres.shared.pool { $0.metrics = PostgresMetrics(registry) }
        #expect(isUp() == 0)
        _ = try await pool.query("SELECT 1")
        await #expect(throws: PostgresError.self) { try await pool.query("SELECT nonsense") }
        #expect(isUp() == 1)
        #expect(registry.text.contains("aims_postgres_query_duration_seconds_count 2\n"))

        var nowhere = PostgresConfiguration(url: Secret("postgresql://127.0.0.1:1/none"))
        nowhere.metrics = PostgresMetrics(registry)
        await #expect(throws: PostgresError.self) { try await PostgresPool(nowhere).query("SELECT 1") }
        #expect(isUp() == 0)
    }

    @Test func `a server that stops answering is given up, and serves again when it goes on`() async throws {
        let server = try await PostgresServer.start()
        var configuration = PostgresConfiguration(url: Secret(server.url()))
        (configuration.statementTimeout, configuration.answerGrace) = (.milliseconds(200), .milliseconds(100))
        configuration.poolSize = 1
        let pool = PostgresPool(configuration)
        let pid = try await backend(pool)

        server.pause(pid: pid)
        let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(error?.code == .unavailable)
        server.resume(pid: pid)

        #expect(try await backend(pool) != pid)
    }

    @Test func `a caller that finds no free connection is told in time`() async throws {
        let held = try await HeldPool { $0.poolTimeout = .milliseconds(50) }
        let pool = held.pool
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await held.pass() }
            try await held.isReached()

            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(error?.code == .poolTimeout)

            try await held.open()
            try await group.waitForAll()
        }
        #expect(try await pool.query("SELECT 1").count == 1)
    }

    @Test func `only so many callers may wait`() async throws {
        let held = try await HeldPool { $0.maxWaiting = 0 }
        let pool = held.pool
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await held.pass() }
            try await held.isReached()

            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(error?.code == .poolTimeout)

            try await held.open()
            try await group.waitForAll()
        }
    }

    @Test func `a cancelled caller goes on at once, waiting for a connection or for a statement`() async throws {
        let held = try await HeldPool()
        let pool = held.pool
        let running = Task { try await held.pass() }
        try await held.isReached()
        let waiting = Task { _ = try await pool.query("SELECT 1") }

        for task in [waiting, running] {
            task.cancel()
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }

        // The statement of the cancelled caller still holds the connection, and gives it back when it has ended.
        try await held.open()
        #expect(try await pool.query("SELECT 1").count == 1)
    }

    @Test func `many callers share few connections, and each gets its own answer`() async throws {
        let pool = try await SharedPostgres.shared.pool { $0.poolSize = 3 }

        let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for number in 0..<300 {
                group.addTask {
                    (
                        number,
                        try await #require(try pool.query("SELECT $1::int AS v", [.int(number)]).first).required("v")
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        #expect(answers.count == 300)
        #expect(answers.allSatisfy { $0.0 == $0.1 })
    }

    @Test func `a closed pool refuses calls`() async throws {
        let pool = try await SharedPostgres.shared.pool()

        await pool.close()

        let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        #expect(error?.code == .unavailable)
    }
}

/// A pool of one connection that is held inside a statement until it is opened.
private struct HeldPool: Sendable {
    let pool: PostgresPool
    private let holder: PostgresConnection
    private let key = Int.random(in: 1...1_000_000_000)

    init(configure: (inout PostgresConfiguration) -> Void = { _ in }) async throws {
        var configuration = PostgresConfiguration(url: Secret(try await SharedPostgres.shared.server.createSchema()))
        configuration.poolSize = 1
        configure(&configuration)
        pool = PostgresPool(configuration)
        holder = PostgresConnection(configuration)
        try await holder.query("SELECT pg_advisory_lock($1::bigint)", [.int(key)])
    }

    /// Returns when the gate is open.
    func pass() async throws {
        _ = try await pool.query("SELECT pg_advisory_lock($1::bigint), pg_advisory_unlock($1::bigint)", [.int(key)])
    }

    func isReached() async throws {
        try await eventually("a statement waits at the gate") {
            try await holder.query(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1::int AND NOT granted", [.int(key)]
            ).count == 1
        }
    }

    func open() async throws { try await holder.query("SELECT pg_advisory_unlock($1::bigint)", [.int(key)]) }
}
