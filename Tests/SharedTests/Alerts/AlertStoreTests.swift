import TestSupport
import Testing

@testable import Shared

@Suite struct AlertStoreTests {
    @Test func `an alert is raised once, counted, cleared, and can be raised again`() async throws {
        let alerts = AlertStore(try await SharedPostgres.shared.migratedPool())
        func raise() async throws -> Bool {
            try await alerts.raise(
                kind: .accountDisabled, subject: "a", severity: .critical, message: "it's off", details: ["n": 1])
        }
        #expect(try await raise())
        #expect(try await !raise())
        #expect(try await alerts.raise(kind: .quotaThreshold, subject: "a", severity: .warning, message: "80 %"))

        let open = try await alerts.list(onlyOpen: true, limit: 10)
        #expect(open.map(\.kind).sorted() == ["account_disabled", "quota_threshold"])
        #expect(open.first { $0.kind == "account_disabled" }?.count == 2)
        #expect(open.first { $0.kind == "account_disabled" }?.details == ["n": 1])
        #expect(try await alerts.openSubjects(of: .accountDisabled) == ["a"])

        try await alerts.clear(kind: .accountDisabled, subject: "a")
        try await alerts.clear(kind: .accountDisabled, subject: "nobody")
        #expect(try await alerts.openSubjects(of: .accountDisabled) == [])
        #expect(try await raise())
        #expect(try await alerts.list(onlyOpen: false, limit: 10).count == 3)
        #expect(try await alerts.list(onlyOpen: false, limit: 2).count == 2)
    }

    @Test func `disabling an account is written down once, with who and why`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let store = CatalogStore(pool)
        try await store.apply(CatalogFile(text: "accounts: [{id: a, provider: openai}]"), box: nil)
        let before = SystemWallClock().now - 1000

        #expect(try await store.setStatus(account: "a", status: .disabled, reason: "the key", actor: "system:health"))
        #expect(try await !store.setStatus(account: "a", status: .disabled, reason: "again", actor: "system:health"))
        #expect(try await !store.setStatus(account: "nobody", status: .disabled, reason: "x", actor: "x"))

        let account = try #require(try await store.load().accounts.first)
        #expect(account.status == .disabled && account.statusReason == "the key")
        let audit = try await pool.query("SELECT actor, action, subject, reason FROM audit_log").rows
        #expect(
            try audit.map {
                try
                    "\($0.text("actor") ?? "") \($0.text("action") ?? "") \($0.text("subject") ?? "") \($0.text("reason") ?? "")"
            } == ["system:health disable a the key"])
        // Its own disabling is no change that asks for another chance.
        #expect(try await !store.wasChanged(account: "a", after: before))

        #expect(try await store.setStatus(account: "a", status: .active, reason: "back", actor: "anna"))
        #expect(try await store.load().accounts.first?.statusReason == nil)
        #expect(try await store.wasChanged(account: "a", after: before))
        #expect(try await !store.wasChanged(account: "a", after: SystemWallClock().now + 1000))
    }
}
