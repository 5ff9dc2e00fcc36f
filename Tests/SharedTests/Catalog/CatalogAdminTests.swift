import Synchronization
import TestSupport
import Testing

@testable import Shared

/// Changes of the catalogue by people, on a real PostgreSQL.
@Suite struct CatalogAdminTests {
    private final class Told: Sendable {
        private let times = Mutex(0)
        var count: Int { times.withLock { $0 } }
        func tell() { times.withLock { $0 += 1 } }
    }

    private let pool: PostgresPool
    private let box: SecretBox
    private let told = Told()
    private let admin: CatalogAdmin
    private let me = CatalogAdmin.Author("tester", reason: "because")

    init() async throws {
        pool = try await SharedPostgres.shared.migratedPool()
        box = try SecretBox(masterKey: Secret(String(repeating: "0f", count: 32)))
        let told = told
        admin = CatalogAdmin(pool: pool, box: box) { told.tell() }
    }

    private let account: JSON = [
        "id": "a", "provider": "openai", "api_key": "sk-secret", "rpm": 5, "settings": ["organization": "org"],
    ]

    private func key() async throws -> Secret {
        let row = try await pool.query("SELECT api_key_encrypted AS key FROM accounts WHERE id = 'a'").first
        return try box.open(#require(try row?.text("key")), for: "a")
    }

    private func audited() async throws -> [JSON] {
        try await AuditLog(pool).list(kind: nil, subject: "a", limit: 10)
    }

    @Test func `an account is made, shown without its key, told and audited`() async throws {
        let made = try await admin.create(.account, account, by: me)

        #expect(made["has_key"] == true && made["api_key"] == "****" && made["rpm"] == 5)
        #expect(try await admin.get(.account, "a") == made)
        #expect(try await key() == Secret("sk-secret"))
        #expect(told.count == 1)
        let row = try #require(try await audited().first)
        #expect(row["actor"] == "tester" && row["action"] == "create" && row["reason"] == "because")
        #expect(row["after"]?["api_key"] == "changed" && row["before"] == .null)
        let text = try await pool.query("SELECT string_agg(l::text, '') AS t FROM audit_log l").first?.text("t")
        #expect(text?.contains("sk-secret") == false)
    }

    @Test func `an edit changes what it names, and neither usage nor key`() async throws {
        _ = try await admin.create(.account, account, by: me)
        _ = try await pool.query("UPDATE accounts SET quota_used = 7, health_score = 0.5")

        let edited = try await admin.patch(
            .account, "a", ["rpm": .null, "tpm": 9, "settings": ["project": "p"]], by: me)

        #expect(edited["rpm"] == .null && edited["tpm"] == 9 && edited["quota_used"] == 7)
        #expect(edited["settings"] == ["organization": "org", "project": "p"] && edited["health_score"] == 0.5)
        #expect(try await key() == Secret("sk-secret"))
        let row = try #require(try await audited().first)
        #expect(row["before"]?["rpm"] == 5 && row["after"]?["tpm"] == 9 && row["after"]?["api_key"] == nil)
    }

    @Test func `an answer that is sent back changes nothing`() async throws {
        _ = try await admin.create(
            .account, ["id": "a", "provider": "openai", "api_key": "k", "settings": ["headers": "X-Key: sk-hidden"]],
            by: me)
        var before = try #require(try await admin.get(.account, "a").objectValue)
        #expect(before["settings"] == ["headers": "X-Key: ****"])

        var after = try #require(try await admin.replace(.account, "a", .object(before), by: me).objectValue)

        before.remove("updated_at")
        after.remove("updated_at")
        #expect(after == before)
        let headers = try await pool.query("SELECT settings->>'headers' AS h FROM accounts").first?.text("h")
        #expect(headers == "X-Key: sk-hidden")
        #expect(try await key() == Secret("k"))
    }

    @Test func `a replacement takes other fields back to their defaults, but not state`() async throws {
        _ = try await admin.create(.account, account, by: me)
        _ = try await admin.setActive(.account, "a", false, by: me)

        let replaced = try await admin.replace(.account, "a", ["provider": "openai", "status": "active"], by: me)

        #expect(replaced["rpm"] == .null && replaced["settings"] == [:])
        #expect(replaced["status"] == "disabled" && replaced["status_reason"] == "because")
    }

    @Test func `a key is changed alone`() async throws {
        let made = try await admin.create(.account, account, by: me)

        let changed = try await admin.rotateKey(account: "a", to: Secret("sk-next"), by: me)

        #expect(try await key() == Secret("sk-next"))
        #expect(changed["rpm"] == made["rpm"])
        #expect(try await audited().first?["after"]?["api_key"] == "changed")
    }

    @Test func `enabling clears the alert that the account was disabled`() async throws {
        _ = try await admin.create(.account, account, by: me)
        _ = try await admin.setActive(.account, "a", false, by: me)
        let alerts = AlertStore(pool)
        _ = try await alerts.raise(kind: .accountDisabled, subject: "a", severity: .critical, message: "m")

        let enabled = try await admin.setActive(.account, "a", true, by: me)

        #expect(enabled["status"] == "active" && enabled["status_reason"] == .null)
        #expect(try await alerts.openSubjects(of: .accountDisabled) == [])
        #expect(try await audited().map { $0["action"] } == ["enable", "disable", "create"])
    }

    @Test func `a model goes through its whole life`() async throws {
        let made = try await admin.create(
            .model, ["id": "m", "provider": "zhipu", "cost_per_1k_tokens": 0.5, "aliases": ["x"]], by: me)
        #expect(made["input_price"]?.doubleValue == 500 && made["is_active"] == true)

        let dearer = try await admin.patch(.model, "m", ["cost_per_1k_tokens": 1], by: me)
        #expect(dearer["output_price"]?.doubleValue == 1000 && dearer["cached_input_price"]?.doubleValue == 1000)
        let split = try await admin.patch(.model, "m", ["input_price": 3], by: me)
        #expect(split["cost_per_1k_tokens"] == .null && split["cached_input_price"]?.doubleValue == 3)
        #expect(split["output_price"]?.doubleValue == 1000 && split["aliases"] == ["x"])

        #expect(try await admin.setActive(.model, "m", false, by: me)["is_active"] == false)
        try await admin.delete(.model, "m", by: me)
        #expect(try await admin.list(.model) == [])
        await #expect(throws: CatalogAdminError.notFound(.model, "m")) { _ = try await admin.get(.model, "m") }
        #expect(told.count == 5)
    }

    @Test(
        arguments: [
            (["rpm": "5"], "rpm: expected a number"), (["rpm": 0], "rpm: expected a whole number from 1"),
            (["rpm": 3_000_000_000], "rpm: expected a whole number up to 2147483647"),
            (["rpn": 5], "rpn: expected a known field, perhaps rpm"),
            (["mode": "odd"], "mode: expected one of native, compatible"),
            (["settings": ["a": 1]], "settings: expected names with texts"),
            (
                ["settings": ["orgnization": "x"]],
                "settings.orgnization: expected one of organization, project, headers for openai"
            ),
            (["models": ["m"]], "models: expected ids of models of openai in the catalogue, unlike m; it has none"),
            (["models": "m"], "models: expected a list of texts"),
            (["id": "b"], "id: expected the id of the path, which cannot be changed"),
            (["api_key_file": "/etc/passwd"], "api_key_file: expected the key itself in api_key"),
        ] as [(JSON, String)])
    func `what is wrong is named and not written`(change: JSON, mistake: String) async throws {
        let made = try await admin.create(.account, account, by: me)

        await #expect(throws: CatalogAdminError.invalid([mistake])) {
            _ = try await admin.patch(.account, "a", change, by: me)
        }

        #expect(try await admin.get(.account, "a") == made)
        #expect(told.count == 1)
    }

    @Test func `wrong fields are all told, and a key that cannot be had with them`() async throws {
        let admin = CatalogAdmin(pool: pool, box: box, allowsReferences: true) {}

        let error = await #expect(throws: CatalogAdminError.self) {
            try await admin.create(
                .account, ["id": "a", "provider": "openai", "rpm": "abc", "foo": 1, "api_key_env": "NO_SUCH_KEY"],
                by: me)
        }

        #expect(
            error?.description.split(separator: "\n").map { $0.prefix { $0 != ":" } } == ["rpm", "foo", "api_key_env"])
    }

    @Test func `what a platform does not know is refused only where it is named anew`() async throws {
        try await admin.create(.model, ["id": "m", "provider": "openai", "fallback_models": []], by: me)
        try await admin.create(.account, ["id": "a", "provider": "openai", "models": ["m"]], by: me)
        _ = try await pool.query("UPDATE accounts SET settings = '{\"old\": \"x\"}'")
        try await admin.delete(.model, "m", by: me)

        let edited = try await admin.patch(.account, "a", ["rpm": 5], by: me)
        #expect(edited["models"] == ["m"] && edited["settings"] == ["old": "x"])
        await #expect(throws: CatalogAdminError.self) {
            try await admin.create(.model, ["id": "n", "provider": "openai", "fallback_models": ["m"]], by: me)
        }
        await #expect(throws: CatalogAdminError.self) {
            try await admin.create(
                .account, ["id": "b", "provider": "anthropic", "settings": ["auth": "basic"]], by: me)
        }
    }

    @Test func `nothing is taken out of use without a reason`() async throws {
        let nobody = CatalogAdmin.Author("tester", reason: "  ")
        try await admin.create(.account, account, by: me)
        try await admin.create(.model, ["id": "m", "provider": "openai"], by: me)

        await #expect(throws: CatalogAdminError.invalid(["reason: expected a text"])) {
            try await admin.setActive(.account, "a", false, by: nobody)
        }
        for (kind, id, change) in [
            (CatalogKind.account, "a", ["status": "disabled"]), (.model, "m", ["is_active": false]),
        ] as [(CatalogKind, String, JSON)] {
            await #expect(throws: CatalogAdminError.self) { try await admin.patch(kind, id, change, by: nobody) }
            _ = try await admin.patch(kind, id, change, by: me)
            // An answer that is sent back disables nothing.
            _ = try await admin.patch(kind, id, change, by: nobody)
        }
        #expect(try await admin.get(.account, "a")["status_reason"] != .null)
    }

    @Test func `a price that is taken back takes the cached one with it`() async throws {
        try await admin.create(
            .model, ["id": "m", "provider": "openai", "input_price": 2, "cached_input_price": 0.5, "output_price": 4],
            by: me)

        let free = try await admin.patch(.model, "m", ["input_price": .null], by: me)
        #expect(free["input_price"]?.doubleValue == 0 && free["cached_input_price"]?.doubleValue == 0)
        #expect(free["output_price"]?.doubleValue == 4)
        try await admin.patch(.model, "m", ["cost_per_1k_tokens": 0.5], by: me)
        let again = try await admin.patch(.model, "m", ["cost_per_1k_tokens": .null], by: me)
        #expect(again["input_price"]?.doubleValue == 0 && again["output_price"]?.doubleValue == 0)
        #expect(again["cached_input_price"]?.doubleValue == 0 && again["cost_per_1k_tokens"] == .null)
    }

    @Test func `an id is taken once`() async throws {
        _ = try await admin.create(.account, account, by: me)

        let error = await #expect(throws: CatalogAdminError.conflict(.account, "a")) {
            _ = try await admin.create(.account, account, by: me)
        }
        #expect(error?.description == "there is an account a already")
    }

    @Test func `what is not there cannot be changed`() async throws {
        let gone = CatalogAdminError.notFound(.account, "gone")
        await #expect(throws: gone) { _ = try await admin.patch(.account, "gone", ["rpm": 1], by: me) }
        await #expect(throws: gone) { _ = try await admin.replace(.account, "gone", ["provider": "openai"], by: me) }
        await #expect(throws: gone) { try await admin.delete(.account, "gone", by: me) }
        await #expect(throws: gone) { _ = try await admin.setActive(.account, "gone", true, by: me) }
        await #expect(throws: gone) { _ = try await admin.rotateKey(account: "gone", to: Secret("k"), by: me) }
        #expect(told.count == 0)
    }

    @Test func `without a master key there is no key, but everything else`() async throws {
        let admin = CatalogAdmin(pool: pool, box: nil) {}

        await #expect(throws: CatalogAdminError.noMasterKey) { _ = try await admin.create(.account, account, by: me) }
        _ = try await admin.create(.account, ["id": "a", "provider": "sandbox"], by: me)
    }

    @Test func `edits of different fields at the same time are all kept`() async throws {
        _ = try await admin.create(.account, account, by: me)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in ["rpm", "tpm", "concurrency", "weight", "quota_limit"] {
                group.addTask { _ = try await admin.patch(.account, "a", .object([name: 42]), by: me) }
            }
            try await group.waitForAll()
        }

        let after = try await admin.get(.account, "a")
        for name in ["rpm", "tpm", "concurrency", "weight", "quota_limit"] { #expect(after[name] == 42) }
    }
}
