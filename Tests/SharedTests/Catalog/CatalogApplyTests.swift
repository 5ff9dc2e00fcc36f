import Synchronization
import TestSupport
import Testing

@testable import Shared

/// A catalogue file over a catalogue that people have changed, on a real PostgreSQL.
@Suite struct CatalogApplyTests {
    private let pool: PostgresPool
    private let box: SecretBox
    private let admin: CatalogAdmin
    private let me = CatalogAdmin.Author("me", reason: "by hand")

    private let file = """
        models:
          - { id: m, provider: openai, priority: 1, aliases: [x], input_price: 2, capabilities: { vision: true } }
        accounts:
          - { id: a, provider: openai, api_key: sk-secret, rpm: 5, models: [m], settings: { organization: org, headers: "X: s3cret" } }
        """

    init() async throws {
        pool = try await SharedPostgres.shared.migratedPool()
        box = try SecretBox(masterKey: Secret(String(repeating: "0f", count: 32)))
        admin = CatalogAdmin(pool: pool, box: box) {}
    }

    @discardableResult
    private func apply(
        _ text: String, _ mode: CatalogApply.Mode = .write, box: SecretBox?? = nil,
        told: @escaping @Sendable () -> Void = {}
    ) async throws -> CatalogApply.Outcome {
        try await CatalogApply(pool: pool, box: box ?? self.box) { told() }.run(
            CatalogDraft(text: text, source: "my.yaml"), mode, by: CatalogAdmin.Author("file", reason: "my.yaml"))
    }

    private func changes(_ outcome: CatalogApply.Outcome) -> [String] {
        guard case .changes(let changes) = outcome else { return ["not empty"] }
        return changes.flatMap { change in
            ["\(change.action.rawValue) \(change.id)"]
                + change.fields.map { "\($0.name) \($0.before.map(text) ?? "")>\(text($0.after))" }
        }
    }

    private func text(_ json: JSON) -> String { json.stringValue ?? String(decoding: json.encoded, as: UTF8.self) }

    private func mistakes(_ text: String, box: SecretBox?? = nil) async -> [String] {
        do {
            try await apply(text, box: box)
            return []
        } catch { return (error as? CatalogFile.Mistakes)?.list ?? ["\(error)"] }
    }

    private func rows() async throws -> [JSON] { try await AuditLog(pool).list(kind: nil, subject: nil, limit: 100) }

    @Test func `a file is loaded, told and audited, and a second run has nothing to do`() async throws {
        let told = Mutex(0)

        let first = try await apply(file, told: { told.withLock { $0 += 1 } })
        let before = try await admin.list(.model) + admin.list(.account)
        let second = try await apply(file, told: { told.withLock { $0 += 1 } })

        #expect(changes(first).contains("create m") && changes(first).contains("create a"))
        #expect(changes(second) == ["keep m", "keep a"])
        #expect(try await admin.list(.model) + admin.list(.account) == before)
        #expect(told.withLock { $0 } == 1)
        #expect(try await rows().map { "\($0["actor"] ?? .null) \($0["action"] ?? .null)" }.count == 2)
        #expect(try await rows().allSatisfy { $0["actor"] == "file" && $0["reason"] == "my.yaml" })
    }

    @Test func `what people changed and the file does not name stays`() async throws {
        try await apply(file)
        try await admin.patch(
            .model, "m", ["weight": 7, "cache_ttl": 60, "capabilities": ["json_mode": false]], by: me)
        try await admin.setActive(.model, "m", false, by: me)
        try await admin.patch(.account, "a", ["tpm": 9, "settings": ["project": "p"]], by: me)
        try await admin.setActive(.account, "a", false, by: me)
        try await admin.create(.model, ["id": "mine", "provider": "openai"], by: me)
        let before = try await admin.list(.model) + admin.list(.account)

        #expect(changes(try await apply(file)) == ["keep m", "keep a"])

        #expect(try await admin.list(.model) + admin.list(.account) == before)
    }

    @Test func `what people changed and the file names is shown field by field and set`() async throws {
        try await apply(file)
        try await admin.patch(
            .model, "m", ["priority": 9, "aliases": ["x", "y"], "capabilities": ["vision": false]], by: me)
        try await admin.patch(.account, "a", ["rpm": 50, "settings": ["organization": "other"]], by: me)

        let dry = try await apply(file, .dryRun)
        #expect(try await admin.get(.account, "a")["rpm"] == 50)
        let done = try await apply(file)

        #expect(changes(dry) == changes(done))
        #expect(
            changes(done) == [
                "update m", "priority 9>1", "capabilities.vision false>true", #"aliases ["x","y"]>["x"]"#,
                "update a", "rpm 50>5", "settings.organization other>org",
            ])
        #expect(try await admin.get(.account, "a")["rpm"] == 5)
        #expect(changes(try await apply(file)) == ["keep m", "keep a"])
    }

    @Test func `an entry that is there needs only what is to change; null takes the default`() async throws {
        try await apply(file)

        let done = try await apply("accounts: [{id: a, rpm: null, tpm: 7}]\nmodels: [{id: m, input_price: null}]")

        #expect(
            changes(done) == [
                "update m", "input_price 2.0>0.0", "cached_input_price 2.0>0.0", "cache_write_price 2.0>0.0",
                "cache_write_1h_price 2.0>0.0", "update a", "rpm 5>null", "tpm null>7",
            ])
    }

    @Test func `a disabled account is enabled only where the file says so, and keeps its reason otherwise`()
        async throws
    {
        try await apply(file)
        try await admin.setActive(.account, "a", false, by: me)

        try await apply("accounts: [{id: a, status: disabled, rpm: 6}]")
        #expect(try await admin.get(.account, "a")["status_reason"] == "by hand")
        try await apply("accounts: [{id: a, status: active}]")

        #expect(try await admin.get(.account, "a")["status"] == "active")
    }

    @Test func `a key is written only where it is another one, and no secret is shown`() async throws {
        try await apply(file)
        func sealed() async throws -> String? {
            try await pool.query("SELECT api_key_encrypted AS key FROM accounts").first?.text("key")
        }
        let first = try await sealed()

        let other = try await apply(
            "accounts: [{id: a, api_key: sk-other-secret, settings: {headers: \"X: s3cond\"}}]")

        #expect(changes(other) == ["update a", "settings.headers X: ****>changed", "api_key ****>changed"])
        #expect(try await sealed() != first)
        let shown = String(decoding: JSON.array(try await rows()).encoded, as: UTF8.self)
        for text in [shown, "\(changes(other))", "\(changes(try await apply(file, .dryRun)))"] {
            #expect(!text.contains("sk-") && !text.contains("s3c"))
        }
    }

    @Test func `all mistakes of a file are told at once, with place, id and field, and nothing is written`()
        async throws
    {
        let wrong = """
            models:
              - { id: m, provider: nobody, max_tokens: -1 }
              - { id: n, provider: openai, fallback_models: [gone] }
            accounts:
              - { id: a, provider: openai, api_key_env: NO_SUCH_KEY_ONE, rpm: abc, foo: 1 }
              - { id: b, provider: openai, api_key_env: NO_SUCH_KEY_TWO, models: [missing], settings: { orgnization: x } }
              - { provider: zhipu }
            """

        let said = await mistakes(wrong)

        #expect(
            said.map { $0.prefix { $0 != ":" } } == [
                "models[0].provider (m)", "models[0].max_tokens (m)", "models[1].fallback_models (n)",
                "accounts[0].foo (a)", "accounts[0].rpm (a)", "accounts[0].api_key_env (a)", "accounts[1].models (b)",
                "accounts[1].settings.orgnization (b)", "accounts[1].api_key_env (b)", "accounts[2].id",
            ])
        #expect(said.contains { $0.contains("NO_SUCH_KEY_ONE") } && said.contains { $0.contains("NO_SUCH_KEY_TWO") })
        #expect(said.contains { $0.hasSuffix("expected one of organization, project, headers for openai") })
        #expect(try await rows().isEmpty)
        let error = await #expect(throws: CatalogFile.Mistakes.self) { try await apply(wrong) }
        #expect(error?.description.hasPrefix("my.yaml is wrong:") == true)
    }

    @Test func `without a master key every account with a key is told`() async {
        let said = await mistakes(
            "accounts: [{id: a, provider: openai, api_key: k}, {id: b, provider: openai, api_key_env: PATH}]",
            box: .some(nil))

        #expect(said.map { $0.prefix { $0 != ":" } } == ["accounts[0].api_key (a)", "accounts[1].api_key_env (b)"])
    }

    @Test func `a catalogue that is empty is filled once, and what people deleted does not come back`() async throws {
        #expect(changes(try await apply(file, .ifEmpty)).first == "create m")
        try await admin.patch(.model, "m", ["priority": 9], by: me)
        #expect(try await apply(file, .ifEmpty) == .notEmpty)
        #expect(try await admin.get(.model, "m")["priority"] == 9)
        try await admin.delete(.account, "a", by: me)
        try await admin.delete(.model, "m", by: me)

        #expect(try await apply(file, .ifEmpty) == .notEmpty)

        #expect(try await admin.list(.model) == [])
    }

    @Test func `two that apply the same file at once do not disturb each other`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await apply(file) } }
            try await group.waitForAll()
        }

        #expect(try await rows().count == 2)
    }
}
