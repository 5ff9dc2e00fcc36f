import Synchronization
import TestSupport
import Testing

@testable import Shared

/// Edits of the catalogue show no key and lose none.
@Suite struct CatalogAdminCareTests {
    private struct Bench {
        let pool: PostgresPool
        let admin: CatalogAdmin

        init() async throws {
            pool = try await SharedPostgres.shared.migratedPool()
            let box = try SecretBox(masterKey: Secret(String(repeating: "0f", count: 32)))
            admin = CatalogAdmin(pool: pool, box: box, changed: {})
            try await admin.create(.model, ["id": "m", "provider": "openai"], by: CatalogAdminCareTests.me)
        }

        func audit(_ subject: String? = nil) async throws -> [JSON] {
            try await AuditLog(pool).list(kind: nil, subject: subject, limit: 100)
        }
    }

    private static let me = CatalogAdmin.Author("me")
    private static let account: JSON = [
        "id": "a", "provider": "openai", "api_key": "sk-first-key-of-a", "rpm": 5, "models": ["m"],
        "settings": ["organization": "org", "headers": "X-Token: s3cret\nX-Team: red"],
    ]

    private func refusal(
        _ change: () async throws(CatalogAdminError) -> Void
    ) async -> CatalogAdminError? {
        do throws(CatalogAdminError) { try await change() } catch { return error }
        return nil
    }

    @Test func `no answer and no audit row holds a key or a header's value`() async throws {
        let bench = try await Bench()
        let made = try await bench.admin.create(.account, Self.account, by: Self.me)
        let edited = try await bench.admin.patch(.account, "a", ["api_key": "sk-second-key"], by: Self.me)
        let rotated = try await bench.admin.rotateKey(account: "a", to: Secret("sk-third-key"), by: Self.me)
        try await bench.admin.delete(.account, "a", by: Self.me)

        let shown = ([made, edited, rotated] + (try await bench.audit("a"))).map {
            String(decoding: $0.encoded, as: UTF8.self)
        }
        let stored = try await bench.pool.query("SELECT string_agg(l::text, '') AS t FROM audit_log l").first?.text("t")

        for text in shown + [stored ?? ""] {
            #expect(!text.contains("sk-") && !text.contains("s3cret") && !text.contains("v1."))
        }
        #expect(shown.allSatisfy { $0.contains("\"a\"") })
    }

    @Test func `limits of a disabled account can be edited without losing why it is disabled`() async throws {
        let bench = try await Bench()
        try await bench.admin.create(.account, Self.account, by: Self.me)
        _ = try await CatalogStore(bench.pool).setStatus(
            account: "a", status: .disabled, reason: "401", actor: "system")

        let now = try await bench.admin.patch(.account, "a", ["weight": 3], by: Self.me)

        #expect(now["weight"] == 3 && now["status"] == "disabled" && now["status_reason"] == "401")
    }

    @Test func `prices of a model: one for both sides, or one each`() async throws {
        let bench = try await Bench()
        try await bench.admin.create(
            .model, ["id": "p", "provider": "openai", "cost_per_1k_tokens": 0.002], by: Self.me)

        let apart = try await bench.admin.patch(.model, "p", ["input_price": 3, "output_price": 4], by: Self.me)
        let together = try await bench.admin.patch(.model, "p", ["cost_per_1k_tokens": 0.001], by: Self.me)

        #expect(apart["cost_per_1k_tokens"] == .null)
        #expect(apart["input_price"]?.doubleValue == 3 && apart["output_price"]?.doubleValue == 4)
        #expect(apart["cached_input_price"]?.doubleValue == 3)
        #expect(together["input_price"]?.doubleValue == 1 && together["output_price"]?.doubleValue == 1)
    }

    @Test func `prices of the cache follow the input's by the platform's share, unless they were said`() async throws {
        let bench = try await Bench()
        func prices(_ row: JSON) -> [Double?] {
            ["cached_input_price", "cache_write_price", "cache_write_1h_price"].map { row[$0]?.doubleValue }
        }

        let made = try await bench.admin.create(
            .model, ["id": "c", "provider": "anthropic", "input_price": 3], by: Self.me)
        let dearer = try await bench.admin.patch(.model, "c", ["input_price": 5], by: Self.me)
        let said = try await bench.admin.patch(.model, "c", ["cache_write_price": 9], by: Self.me)
        let kept = try await bench.admin.patch(.model, "c", ["input_price": 1, "weight": 2], by: Self.me)
        let back = try await bench.admin.patch(.model, "c", ["cache_write_price": .null], by: Self.me)

        #expect(prices(made) == [0.3, 3.75, 6] && prices(dearer) == [0.5, 6.25, 10])
        #expect(prices(said) == [0.5, 9, 10] && prices(kept) == [0.1, 9, 2] && prices(back) == [0.1, 1.25, 2])
    }

    @Test func `one price for both sides is that of the cache, until each has its own`() async throws {
        let bench = try await Bench()
        func prices(_ row: JSON) -> [Double?] {
            ["cached_input_price", "cache_write_price", "cache_write_1h_price"].map { row[$0]?.doubleValue }
        }

        let flat = try await bench.admin.create(
            .model, ["id": "f", "provider": "anthropic", "cost_per_1k_tokens": 0.002], by: Self.me)
        let apart = try await bench.admin.patch(.model, "f", ["input_price": 3, "output_price": 15], by: Self.me)

        #expect(prices(flat) == [2, 2, 2] && prices(apart) == [0.3, 3.75, 6])
    }

    @Test func `an address that would be refused today keeps no other field from being edited`() async throws {
        let bench = try await Bench()
        try await bench.admin.create(.account, Self.account, by: Self.me)
        _ = try await bench.pool.query("UPDATE accounts SET base_url = 'https://x.example/v1#old' WHERE id = 'a'")

        let now = try await bench.admin.patch(.account, "a", ["weight": 3], by: Self.me)

        #expect(now["weight"] == 3 && now["base_url"] == "https://x.example/v1#old")
    }

    @Test func `what is deleted is gone, with its alerts; its audit log stays`() async throws {
        let bench = try await Bench()
        let alerts = AlertStore(bench.pool)
        try await bench.admin.create(.account, Self.account, by: Self.me)
        try await alerts.raise(kind: .quotaExhausted, subject: "a", severity: .warning, message: "used up")

        try await bench.admin.delete(.account, "a", by: Self.me)

        #expect(
            await refusal { () async throws(CatalogAdminError) in _ = try await bench.admin.get(.account, "a") }
                == .notFound(.account, "a"))
        #expect(try await alerts.list(onlyOpen: true, limit: 10).isEmpty)
        let row = try #require(try await bench.audit("a").first)
        #expect(row["action"] == "delete" && row["before"]?["rpm"] == 5 && row["after"] == .null)
    }

    @Test func `while PostgreSQL is away nothing is changed and nobody is told`() async throws {
        let told = Mutex(0)
        let admin = CatalogAdmin(
            pool: try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none")), box: nil,
            changed: { told.withLock { $0 += 1 } })

        let error = await refusal { () async throws(CatalogAdminError) in
            try await admin.create(.model, ["id": "m", "provider": "openai"], by: Self.me)
        }

        guard case .database(let failure)? = error else {
            Issue.record("not refused")
            return
        }
        #expect(failure.code == .unavailable && told.withLock { $0 } == 0)
    }
}
