import TestSupport
import Testing

@testable import Shared

/// A failed statement gives its caller a code to act on, and no value.
@Suite struct PostgresErrorTests {
    /// Statements that fail, each with a secret in its one parameter.
    static let failures: [(sql: String, code: PostgresError.Code)] = [
        ("SELECT $1::text::integer", .server),
        ("SELECT $1::text::jsonb", .server),
        ("SELECT $1::text::timestamptz", .server),
        ("SELECT ($1::text || '}')::text[]", .server),
        ("INSERT INTO secrets (name) VALUES ($1)", .constraint(name: "secrets_name_key")),
        ("INSERT INTO secrets (name, size) VALUES ($1, -1)", .constraint(name: "secrets_size_check")),
        ("SELECT $1::text FROM no_such_table", .undefinedTable),
        ("SELECT fail($1)", .server),
    ]

    @Test(arguments: failures.indices) func `no error shows a parameter`(_ index: Int) async throws {
        let (sql, code) = Self.failures[index]
        let pool = try await SharedPostgres.shared.pool()
        try await pool.perform { connection throws(PostgresError) in
            try connection.script(
                """
                CREATE TABLE secrets (name text UNIQUE, size int CHECK (size > 0));
                INSERT INTO secrets VALUES ('sk-secret', 1);
                CREATE FUNCTION fail(t text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', t; END $$
                """)
        }

        let error = await #expect(throws: PostgresError.self) { try await pool.query(sql, ["sk-secret"]) }

        #expect(error?.code == code)
        #expect(error?.description.contains("sk-secret") == false)
        #expect(error.map { String(reflecting: $0).contains("sk-secret") } == false)
    }

    @Test func `a number out of range is refused without being shown`() async throws {
        let pool = try await SharedPostgres.shared.pool()

        let error = await #expect(throws: PostgresError.self) {
            try await pool.query("SELECT $1::text::int", ["99999999999"])
        }

        #expect(error?.isRefusedValue == true)
        #expect(error?.description.contains("99999999999") == false)
    }

    @Test func `a statement that takes too long ends with timeout, and its connection goes on`() async throws {
        let pool = try await SharedPostgres.shared.pool {
            $0.statementTimeout = .milliseconds(50)
            $0.poolSize = 1
        }

        let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT pg_sleep(60)") }

        #expect(error?.code == .timeout)
        #expect(try await pool.query("SELECT 1").count == 1)
    }

    @Test(arguments: [
        ("postgresql://postgres@127.0.0.1:PORT/no_such_database", PostgresError.Code.configuration),
        ("postgresql://nobody:sk-secret@127.0.0.1:PORT/postgres", .configuration),
        ("postgresql://postgres:sk-secret@127.0.0.1:1/postgres", .unavailable),
        ("postgresql://postgres:sk-secret@no-such-host.invalid/postgres", .unavailable),
        ("postgresql://postgres:sk-secret@127.0.0.1:PORT/postgres?sslmode=require", .configuration),
    ])
    func `a connection that cannot be made says why, without the password`(
        _ url: String, _ code: PostgresError.Code
    ) async throws {
        let port = try await SharedPostgres.shared.server.port
        let pool = try PostgresPool(url: Secret(url.replacing("PORT", with: String(port))))

        let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }

        #expect(error?.code == code)
        #expect(error?.description.contains("sk-secret") == false)
    }

    @Test(arguments: [
        "postgresql://u:sk-secret@[bad/x", "mysql://u:sk-secret@h/db", "postgresql://h/d?nonsense=sk-secret",
    ])
    func `a URL that libpq cannot read is refused at once, without being shown`(_ url: String) throws {
        let error = #expect(throws: PostgresError.self) { try PostgresPool(url: Secret(url)) }

        #expect(error?.code == .configuration)
        #expect(error?.description.contains("sk-secret") == false)
    }

    @Test func `a configuration prints no password`() {
        let configuration = PostgresConfiguration(url: Secret("postgresql://u:sk-secret@h/d"))

        #expect(!String(describing: configuration).contains("sk-secret"))
        #expect(!String(reflecting: configuration).contains("sk-secret"))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("sk-secret"))
    }
}
