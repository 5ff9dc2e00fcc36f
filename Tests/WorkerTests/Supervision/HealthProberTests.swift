import Shared
import Synchronization
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HealthProberTests {
    private static let models = StubReply.json(#"{"object":"list","data":[]}"#)
    private static let refusal = "the platform refused the key 3 times (authentication)"

    private func catalog(_ accounts: Account...) -> CatalogSnapshot {
        CatalogSnapshot(models: [Model(id: "m", provider: .openai)], accounts: accounts)
    }

    private func disabled(_ id: String, because reason: String, _ stub: ProviderStub) -> Account {
        Account(id: id, provider: .openai, baseURL: stub.url, status: .disabled, statusReason: reason)
    }

    private func disable(_ fixture: SupervisionFixture) async throws {
        _ = try await fixture.store.setStatus(
            account: "a", status: .disabled, reason: Self.refusal, actor: "system:health")
        fixture.note(.refused, 3, account: "a", model: "m", from: SystemWallClock().now + 60_000)
    }

    @Test func `probes that fail open the account's circuit, and one that is answered closes it`() async throws {
        let isWell = Mutex(false)
        let stub = try ProviderStub.start { _ in
            isWell.withLock { $0 } ? Self.models : .openAIError(status: 500, type: "server_error")
        }
        var rules = HealthRules()
        (rules.openAfter, rules.open) = (2, .milliseconds(1))
        try await SupervisionFixture.run(
            catalog(Account(id: "a", provider: .openai, baseURL: stub.url)), rules: rules
        ) { fixture in
            let whole = RouteKey(account: "a")
            await fixture.prober.probeAll()
            #expect(fixture.healthRegistry.health(whole)?.circuit(at: SystemWallClock().now) == .closed)
            await fixture.prober.probeAll()
            #expect(fixture.healthRegistry.health(whole)?.openUntil != nil)

            isWell.withLock { $0 = true }
            try await eventually("the circuit lets a trial through") {
                fixture.healthRegistry.health(whole)?.circuit(at: SystemWallClock().now) == .halfOpen
            }
            await fixture.prober.probeAll()
            #expect(fixture.healthRegistry.health(whole)?.circuit(at: SystemWallClock().now) == .closed)
        }
    }

    @Test func `an account that the service disabled comes back when its key is accepted`() async throws {
        let stub = try ProviderStub.start { _ in Self.models }
        try await SupervisionFixture.run(catalog(disabled("a", because: Self.refusal, stub))) { fixture in
            try await disable(fixture)
            try await fixture.alerts.raise(
                kind: .accountDisabled, subject: "a", severity: .critical, message: "disabled")

            await fixture.prober.probeAll()
            #expect(try await fixture.store.load().accounts.first?.status == .active)
            #expect(fixture.healthRegistry.health(RouteKey(account: "a"))?.isDisabled == false)
            #expect(try await fixture.open(.accountDisabled) == [])
        }
    }

    @Test func `it stays disabled while its key is refused`() async throws {
        let stub = try ProviderStub.start { _ in .openAIError(status: 401, code: "invalid_api_key") }
        try await SupervisionFixture.run(catalog(disabled("a", because: Self.refusal, stub))) { fixture in
            try await disable(fixture)
            await fixture.prober.probeAll()
            #expect(stub.counters.requests == 1)
            #expect(try await fixture.store.load().accounts.first?.status == .disabled)
        }
    }

    @Test func `a probe that says nothing of the key brings it back on probation`() async throws {
        let stub = try ProviderStub.start { _ in .openAIError(status: 404, message: "no such path") }
        try await SupervisionFixture.run(catalog(disabled("a", because: Self.refusal, stub))) { fixture in
            try await disable(fixture)
            await fixture.prober.probeAll()
            #expect(try await fixture.store.load().accounts.first?.status == .active)
            // One more refusal disables it again.
            #expect(fixture.healthRegistry.health(RouteKey(account: "a"))?.refusals == HealthRules().disableAfter - 1)
        }
    }

    @Test func `accounts that people disabled, or that rest, are not asked`() async throws {
        let stub = try ProviderStub.start { _ in Self.models }
        let accounts = catalog(
            disabled("by-hand", because: "too dear", stub),
            Account(id: "resting", provider: .openai, baseURL: stub.url))
        try await SupervisionFixture.run(accounts) { fixture in
            fixture.note(
                .limited(.rateLimited, retryAfter: .seconds(60)), 1, account: "resting", model: "m",
                from: SystemWallClock().now)
            await fixture.prober.probeAll()
            #expect(stub.counters.requests == 0)
        }
    }

    @Test func `every account is asked, however many there are`() async throws {
        let stub = try ProviderStub.start { _ in Self.models }
        let accounts = (0..<20).map { Account(id: "a\($0)", provider: .openai, baseURL: "\(stub.url)/\($0)") }
        try await SupervisionFixture.run(CatalogSnapshot(models: [], accounts: accounts)) { fixture in
            await fixture.prober.probeAll()
            #expect(Set(stub.requests.map(\.path)) == Set((0..<20).map { "/\($0)/models" }))
        }
    }
}
