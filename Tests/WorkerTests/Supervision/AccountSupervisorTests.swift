import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct AccountSupervisorTests {
    private func catalog(_ accounts: String...) -> CatalogSnapshot {
        CatalogSnapshot(
            models: [Model(id: "m", provider: .openai)], accounts: accounts.map { Account(id: $0, provider: .openai) })
    }

    private let future = SystemWallClock().now + 60_000

    @Test func `a refused key disables its account, with an alert that ends when it is used again`() async throws {
        try await SupervisionFixture.run(catalog("a")) { fixture async throws in
            fixture.note(.refused, 3, account: "a", model: "m", from: future)
            await fixture.supervisor.look()
            #expect(try await fixture.open(.accountDisabled) == ["a"])
            #expect(try await fixture.store.load().accounts.first?.status == .disabled)

            // Enabled by hand in the database, and in order again.
            fixture.healthRegistry.restore(account: "a", onProbation: false)
            await fixture.supervisor.look()
            #expect(try await fixture.open(.accountDisabled) == [])
        }
    }

    @Test func `the alert of an account that was deleted ends`() async throws {
        try await SupervisionFixture.run(catalog("a")) { fixture async throws in
            try await fixture.alerts.raise(kind: .accountDisabled, subject: "deleted", message: "m")
            await fixture.supervisor.look()
            #expect(try await fixture.open(.accountDisabled) == [])
        }
    }

    @Test func `an account without money is told of once, until it answers`() async throws {
        try await SupervisionFixture.run(catalog("a")) { fixture async throws in
            fixture.note(.exhausted(retryAfter: .milliseconds(1)), 1, account: "a", model: "m", from: 0)
            await fixture.supervisor.look()
            try await eventually("its cool-down is over") { !fixture.healthRegistry.isCoolingDown("a") }
            await fixture.supervisor.look()
            #expect(try await fixture.open(.accountUnpaid) == ["a"])
            #expect(try await fixture.alerts.list(onlyOpen: false, limit: 9).map(\.count) == [1])

            fixture.healthRegistry.note(.answered(seconds: 1), account: "a", model: "m", began: SystemWallClock().now)
            await fixture.supervisor.look()
            #expect(try await fixture.open(.accountUnpaid) == [])
        }
    }

    @Test func `a disabled account says why, and every process is told`() async throws {
        try await SupervisionFixture.run(catalog("a")) { fixture async throws in
            fixture.note(.refused, 3, account: "a", model: "m", from: future)
            let channel = CatalogKeys(prefix: fixture.queue.keys.prefix).channel
            let told = try await fixture.queue.messages(channel: channel) { await fixture.supervisor.look() }

            #expect(told == ["changed"])
            let account = try #require(try await fixture.store.load().accounts.first)
            #expect(account.statusReason?.hasPrefix("the platform refused the key") == true)
            #expect(AccountSupervisor.hasDisabled(account))
        }
    }

    @Test func `an account that people changed after its key was refused is tried again`() async throws {
        try await SupervisionFixture.run(catalog("a")) { fixture async throws in
            // An hour ago, so the row that was stored a moment ago is the later one.
            let rules = HealthRules()
            let before = SystemWallClock().now - 3_600_000
            fixture.healthRegistry.note(.refused, account: "a", model: "m", began: before)
            #expect(fixture.healthRegistry.health(RouteKey(account: "a"))?.refusals == 1)
            fixture.note(.refused, rules.disableAfter, account: "a", model: "m", from: future)
            #expect(fixture.healthRegistry.health(RouteKey(account: "a"))?.isDisabled == true)
            _ = try await fixture.pool.query("UPDATE accounts SET updated_at = now() + interval '1 second'")

            await fixture.supervisor.look()
            #expect(try await fixture.store.load().accounts.first?.status == .active)
            #expect(fixture.healthRegistry.health(RouteKey(account: "a"))?.isDisabled == false)
            #expect(try await fixture.open(.accountDisabled) == [])
        }
    }

    @Test func `while PostgreSQL is away health alone keeps an account from being used`() async throws {
        try await SupervisionFixture.run(catalog("a"), stored: nil) { fixture async throws in
            fixture.note(.refused, 3, account: "a", model: "m", from: future)
            await fixture.supervisor.look()
            #expect(fixture.healthRegistry.health(RouteKey(account: "a"))?.isDisabled == true)
        }
    }
}
