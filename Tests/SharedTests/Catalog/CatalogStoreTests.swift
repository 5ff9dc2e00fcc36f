import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Shared

/// The catalogue in PostgreSQL, and each process' copy of it.
@Suite struct CatalogStoreTests {
    private let box: SecretBox
    private let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    init() throws { box = try SecretBox(masterKey: Secret(String(repeating: "0f", count: 32))) }

    private let text = """
        models:
          - { id: m, provider: openai, model_id: gpt, priority: -2, aliases: ["a,b", 'q"uote', "{}"], input_price: 0.1,
              capabilities: { vision: false }, fallback_models: [n], routing_strategy: priority, max_tokens: 5, cache_ttl: 60,
              idle_timeout: 90 }
          - { id: n, provider: zhipu }
        accounts:
          - { id: a, provider: openai, api_key: sk-secret, rpm: 5, settings: { organization: "o'rg" }, models: [gpt],
              quota_period: month, quota_reset_hour: 16, quota_reset_day: 28 }
        """

    @Test func `what a file says is what is loaded`() async throws {
        let store = CatalogStore(try await SharedPostgres.shared.migratedPool())
        let file = try CatalogFile(text: text)

        let written = try await store.apply(file, box: box)
        let snapshot = try await store.load()

        #expect(written == (2, 1))
        #expect(snapshot.models == file.models)
        let account = try #require(snapshot.accounts.first)
        #expect(try box.open(#require(account.apiKeyEncrypted), for: "a") == Secret("sk-secret"))
        var expected = file.accounts[0].account
        expected.apiKeyEncrypted = account.apiKeyEncrypted
        #expect(account == expected)
    }

    @Test func `a key is nowhere in the database in clear`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        try await CatalogStore(pool).apply(CatalogFile(text: text), box: box)

        let row = try await pool.query("SELECT string_agg(a::text, '') AS t FROM accounts a").first

        #expect(try row?.text("t")?.contains("sk-secret") == false)
    }

    @Test func `what the file does not mention stays`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let store = CatalogStore(pool)
        try await store.apply(CatalogFile(text: text), box: box)
        _ = try await pool.query("UPDATE accounts SET quota_used = 7, status = 'disabled', health_score = 0.5")

        try await store.apply(CatalogFile(text: "accounts: [{id: a, provider: openai, rpm: 9}]"), box: box)
        let snapshot = try await store.load()

        let account = try #require(snapshot.accounts.first)
        #expect(snapshot.models.count == 2)
        #expect(account.requestsPerMinute == 9)
        #expect((account.quotaUsed, account.status, account.healthScore) == (7, .disabled, 0.5))
        #expect(try box.open(#require(account.apiKeyEncrypted), for: "a") == Secret("sk-secret"))
    }

    @Test func `what the file mentions is set`() async throws {
        let store = CatalogStore(try await SharedPostgres.shared.migratedPool())
        try await store.apply(CatalogFile(text: text), box: box)

        try await store.apply(
            CatalogFile(
                text: "accounts: [{id: a, provider: openai, quota_used: 3, status: disabled, health_score: 0.25}]"),
            box: box)

        let account = try #require(try await store.load().accounts.first)
        #expect((account.quotaUsed, account.status, account.healthScore) == (3, .disabled, 0.25))
    }

    @Test func `a file that cannot be sealed writes nothing`() async throws {
        let store = CatalogStore(try await SharedPostgres.shared.migratedPool())

        await #expect(throws: CatalogFile.Mistakes.self) { try await store.apply(CatalogFile(text: text), box: nil) }

        #expect(try await store.isEmpty())
    }

    @Test func `the version changes with a model or an account, and not with usage`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let store = CatalogStore(pool)
        try await store.apply(CatalogFile(text: text), box: box)

        var versions = [try await store.version()]
        for sql in [
            "UPDATE accounts SET quota_used = quota_used + 1",
            "UPDATE models SET updated_at = '2000-01-01' WHERE id = 'n'",
            "DELETE FROM models WHERE id = 'n'", "DELETE FROM accounts",
        ] {
            _ = try await pool.query(sql)
            versions.append(try await store.version())
        }

        #expect(versions[0] == versions[1])
        #expect(Set(versions).count == 4)
    }

    @Test func `a platform that only a newer build knows is left out`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let store = CatalogStore(pool)
        try await store.apply(CatalogFile(text: text), box: box)

        _ = try await pool.query("UPDATE models SET provider = 'mistral' WHERE id = 'm'")

        #expect(try await store.load().models.map(\.id) == ["n"])
    }

    @Test func `a change in the database reaches a running process, and an outage keeps the last copy`() async throws {
        let server = try await PostgresServer.start(isDurable: true)
        let pool = PostgresPool(PostgresConfiguration(url: Secret(server.url())))
        _ = try await Migrations.run(on: pool)
        let store = CatalogStore(pool)
        let cache = LiveCatalog(try await store.load(), store: store, interval: .milliseconds(10), logger: silent)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cache.run() }
            #expect(cache.current.models.isEmpty)

            try await store.apply(CatalogFile(text: text), box: box)
            try await eventually("the new models are seen") { cache.current.models.count == 2 }

            try await server.stop()
            await #expect(throws: PostgresError.self) { try await store.version() }
            #expect(cache.current.models.count == 2)

            try await server.start()
            _ = try await pool.query("DELETE FROM models WHERE id = 'n'")
            try await eventually("the change after the outage is seen") { cache.current.models.count == 1 }
            group.cancelAll()
        }
    }
}
