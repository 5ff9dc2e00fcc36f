import TestSupport
import Testing

@testable import Shared

/// Migrations run once, from an empty database, whichever process begins.
@Suite struct MigrationsTests {
    private func step(_ version: Int, _ sql: String) -> Migrations.Step {
        Migrations.Step(version: version, name: "step \(version)", sql: sql)
    }

    @Test func `everything is applied once`() async throws {
        let pool = try await SharedPostgres.shared.pool()

        let first = try await Migrations.run(on: pool)
        let second = try await Migrations.run(on: pool)

        #expect(first == Migrations.all.map(\.name))
        #expect(second.isEmpty)
    }

    @Test func `several processes at once apply each step once`() async throws {
        let url = try await SharedPostgres.shared.server.createSchema()

        let applied = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let pool = PostgresPool(PostgresConfiguration(url: Secret(url)))
                    let names = try await Migrations.run(on: pool)
                    await pool.close()
                    return names
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }

        #expect(applied == Migrations.all.map(\.name))
    }

    @Test func `what builds of before wrote and write counts nothing as written to a cache`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        let before = Array(Migrations.all.prefix { $0.version < 5 })
        _ = try await Migrations.run(before, on: pool)
        let insert = """
            INSERT INTO models (id, name, provider, model_id, input_price, cached_input_price, cost_per_1k_tokens) VALUES
                ('claude', 'c', 'anthropic', 'c', 3, 3, NULL), ('flat', 'f', 'anthropic', 'f', 3, 3, 0.003),
                ('gpt', 'g', 'openai', 'g', 3, 3, NULL), ('said', 's', 'anthropic', 's', 3, 0.5, NULL)
            """
        _ = try await pool.query(insert)
        let version = try await CatalogStore(pool).version()

        _ = try await Migrations.run(on: pool)

        let models = try await CatalogStore(pool).load().models.sorted { $0.id < $1.id }
        #expect(models.map(\.prices.cachedInput) == [0.3, 3, 3, 0.5])
        #expect(models.map(\.prices.cacheWrite) == [3.75, 3, 3, 3.75])
        #expect(models.map(\.prices.hourlyCacheWrite) == [6, 3, 3, 6])
        #expect(try await CatalogStore(pool).version() != version)
        _ = try await pool.query("UPDATE models SET input_price = 4 WHERE id = 'claude'")
        let dearer = try await CatalogStore(pool).load().models.first { $0.id == "claude" }
        #expect(dearer?.prices.cacheWrite == 5)
    }

    @Test func `a step that was changed after it was applied is refused`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        _ = try await Migrations.run([step(1, "CREATE TABLE a (n int)")], on: pool)

        let error = await #expect(throws: PostgresError.self) {
            try await Migrations.run(
                [step(1, "CREATE TABLE a (n bigint)"), step(2, "CREATE TABLE b (n int)")], on: pool)
        }

        #expect(error?.code == .configuration)
        #expect(error?.message.contains("migration 1") == true)
        #expect(try await pool.query("SELECT to_regclass('b') AS b").first?.text("b") == nil)
    }

    @Test func `a step that fails leaves nothing behind, and is applied when it is mended`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        let one = step(1, "CREATE TABLE a (n int)")

        await #expect(throws: PostgresError.self) {
            try await Migrations.run([one, step(2, "CREATE TABLE b (n int); SELECT 1 / 0")], on: pool)
        }

        #expect(try await pool.query("SELECT to_regclass('b') AS b").first?.text("b") == nil)
        #expect(try await Migrations.run([one, step(2, "CREATE TABLE b (n int)")], on: pool) == ["step 2"])
    }

    @Test func `a database of a newer version is left alone`() async throws {
        let pool = try await SharedPostgres.shared.pool()
        let (one, two) = (step(1, "CREATE TABLE a (n int)"), step(2, "CREATE TABLE b (n int)"))
        _ = try await Migrations.run([one, two], on: pool)

        #expect(try await Migrations.run([one], on: pool).isEmpty)
    }

    @Test func `steps that databases already have do not change`() {
        let checksums = Migrations.all.map { "\($0.version) \($0.name) \($0.checksum)" }

        // A new step adds a line. Where a line changes, existing databases can no longer be migrated.
        #expect(
            checksums == [
                "1 catalog 5dfa9c0f4d2dbb8db5f120b939ed1cd84f6523310a15c9340ab97dbaec62e4f5",
                "2 usage ac16b158d22f95650f9f7012a018723207734b3fe553032526ed8bd38695cd8f",
                "3 account models f3fdc10316e3843e63a8925d51790175211d4bcc6f233802b05cb600cebf25d2",
                "4 pool ed518b4de596d60e1499b30796788dec0f24355453af936ebf31f730f2e8cef4",
                "5 cache writes 42858689f7e1038c959caa0f031d2d8df4409f7ea0b278e8640c4d6b4e2774db",
                "6 model idle 1724bc37d58350cc4500948dc0f2a212bb93188a93ada381eb947f0c2e86715e",
                "7 batches ab1bdecc0ffecbe5b5dc8060367d7a8f08803fdc86f98c38eca0461c42097c6b",
                "8 usage by start 2422e335ff49f3299a1de0671d5bce834f8c5a40736d76129558f01c0c992839",
                "9 usage sums CHECKSUM",
                "10 alerts 990642445ba52b7fd7eba9f816fb21fe1fc37900162bcef4e901dcae8b47696b",
                "11 budgets 8940a432061a5509ddba2dfb2b64e4fbec3ce8887a6f2a5cc009acbbb99e46e6",
            ])
    }

    @Test func `a connection that migrated has its usual limits again`() async throws {
        let pool = try await SharedPostgres.shared.pool { $0.poolSize = 1 }
        _ = try await Migrations.run(on: pool)

        let row = try await pool.query("SELECT current_setting('statement_timeout') AS t").first

        #expect(try row?.text("t") == "10s")
    }
}
