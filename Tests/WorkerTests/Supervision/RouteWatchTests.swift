import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct RouteWatchTests {
    private func catalog(_ accounts: String...) -> CatalogSnapshot {
        CatalogSnapshot(
            models: [Model(id: "m", provider: .openai)], accounts: accounts.map { Account(id: $0, provider: .openai) })
    }

    private func watch(_ fixture: SupervisionFixture) -> RouteWatch {
        var settings = Settings(environment: [:])
        return RouteWatch(
            catalog: fixture.catalog, healthRegistry: fixture.healthRegistry, rules: HealthRules(),
            thresholds: AlertThresholds(&settings), hysteresis: 0.1, clock: SystemWallClock())
    }

    private func readings(_ fixture: SupervisionFixture, _ kind: AlertKind) async throws -> [AlertReading] {
        let check = try #require(watch(fixture).checks.first { $0.kind == kind })
        return try #require(await check.measure([])).sorted { $0.subject < $1.subject }
    }

    @Test func `open circuits are told of only where requests could go`() async throws {
        try await SupervisionFixture.run(catalog("a"), stored: nil) { fixture async throws in
            fixture.note(.failed(.serverError), 9, account: "a", model: "m", from: 0)
            fixture.note(.failed(.serverError), 9, account: "gone", model: "m", from: 0)
            fixture.note(.failed(.serverError), 9, account: "a", model: "gone", from: 0)

            let open = try await readings(fixture, .circuitOpen)
            #expect(open.map(\.subject) == ["a/m"])
            #expect(open.first?.message == "the circuit of a/m is open: server_error")
        }
    }

    @Test func `the health of each route is measured`() async throws {
        try await SupervisionFixture.run(catalog("a", "b"), stored: nil) { fixture async throws in
            fixture.note(.failed(.serverError), 9, account: "a", model: "m", from: 0)
            fixture.note(.answered(seconds: 0.1), 1, account: "b", model: "m", from: 0)

            let rule = try #require(watch(fixture).checks.first { $0.kind == .healthLow }?.rule)
            let scores = try await readings(fixture, .healthLow).filter { ["a/m", "b/m"].contains($0.subject) }
            #expect(scores.map { rule.isBad($0.value, isOpen: false) } == [true, false])
        }
    }
}
