import TestSupport
import Testing

@testable import Shared

/// All or nothing, also when the connection is lost in between.
@Suite struct PostgresTransactionTests {
    private func pool() async throws -> PostgresPool {
        let pool = try await SharedPostgres.shared.pool { $0.poolSize = 1 }
        _ = try await pool.query("CREATE TABLE t (n int PRIMARY KEY)")
        return pool
    }

    private func count(_ pool: PostgresPool) async throws -> Int {
        try #require(try await pool.query("SELECT count(*) AS n FROM t").first).required("n")
    }

    @Test func `what returns is committed`() async throws {
        let pool = try await pool()

        let value = try await pool.transaction { connection throws(PostgresError) in
            try connection.query("INSERT INTO t VALUES (1), (2)").affected
        }

        #expect(value == 2)
        #expect(try await count(pool) == 2)
    }

    @Test func `what throws is rolled back`() async throws {
        let pool = try await pool()

        let error = await #expect(throws: PostgresError.self) {
            try await pool.transaction { connection throws(PostgresError) in
                try connection.query("INSERT INTO t VALUES (1)")
                try connection.query("INSERT INTO t VALUES (1)")
            }
        }

        #expect(error?.code == .constraint(name: "t_pkey"))
        #expect(try await count(pool) == 0)
    }

    @Test func `a failure that is swallowed inside is not reported as committed`() async throws {
        let pool = try await pool()

        await #expect(throws: PostgresError.self) {
            try await pool.transaction { connection throws(PostgresError) in
                try connection.query("INSERT INTO t VALUES (1)")
                do throws(PostgresError) { try connection.query("SELECT 1 / 0") } catch {
                    // As careless code would.
                }
            }
        }

        #expect(try await count(pool) == 0)
    }

    @Test func `a connection lost inside is not replaced inside`() async throws {
        let pool = try await pool()

        let error = await #expect(throws: PostgresError.self) {
            try await pool.transaction { connection throws(PostgresError) in
                try connection.query("INSERT INTO t VALUES (1)")
                do throws(PostgresError) { try connection.query("SELECT pg_terminate_backend(pg_backend_pid())") } catch
                {
                    #expect(error.code == .unavailable)
                }
                try connection.query("INSERT INTO t VALUES (2)")
            }
        }

        #expect(error?.code == .unavailable)
        #expect(try await count(pool) == 0)
    }

    @Test func `two that wait for each other end with an error that says so, for one of them`() async throws {
        let configuration = PostgresConfiguration(url: Secret(try await SharedPostgres.shared.server.createSchema()))
        let (a, b) = (PostgresConnection(configuration), PostgresConnection(configuration))
        try await a.script("CREATE TABLE t (n int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)")
        let add: @Sendable (PostgresConnection, Int) async throws -> Void = { connection, n in
            try await connection.query("UPDATE t SET v = v + 1 WHERE n = $1::int", [.int(n)])
        }
        try await a.script("BEGIN")
        try await b.script("BEGIN")
        try await add(a, 1)
        try await add(b, 2)

        async let first: Void = add(a, 2)
        async let second: Void = add(b, 1)
        var failures: [PostgresError.Code] = []
        do { try await first } catch { failures.append(try #require(error as? PostgresError).code) }
        if !failures.isEmpty { try await a.script("ROLLBACK") }
        do { try await second } catch { failures.append(try #require(error as? PostgresError).code) }

        #expect(failures == [.serializationOrDeadlock])
    }
}
