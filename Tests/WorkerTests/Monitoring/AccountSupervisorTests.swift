import Logging
import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct AccountSupervisorTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private struct Scene {
        let watch: AccountSupervisor
        let board: HealthRegistry
        let alerts: AlertStore
        let store: CatalogStore

        func open(_ kind: AlertKind) async throws -> [String] { try await alerts.openSubjects(of: kind).sorted() }

        /// `count` outcomes one after the other, each begun after the rest that the one before brought.
        func note(_ outcome: Observation.Outcome, _ count: Int, account: String, model: String, from start: Int64) {
            for number in 0..<count {
                board.note(outcome, account: account, model: model, began: start + Int64(number) * 60_000)
            }
        }
    }

    /// `seen` is what the worker has of the catalogue, `stored` what PostgreSQL has.
    private func watching(
        _ seen: CatalogSnapshot, stored: String = "accounts: [{id: a, provider: openai}]",
        _ body: (Scene) async throws -> Void
    ) async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let store = CatalogStore(pool)
        try await store.apply(CatalogFile(text: stored), box: nil)
        try await QueueFixture.run { queue in
            let board = HealthRegistry(
                rules: HealthRules(), store: HealthStore(redis: queue.redis, keys: PoolKeys(prefix: queue.keys.prefix)),
                logger: Self.quiet)
            let catalog = LiveCatalog(seen, store: store, interval: .seconds(3600), logger: Self.quiet)
            let alerts = AlertStore(pool)
            let watch = AccountSupervisor(
                catalog: catalog, store: store, alerts: alerts, board: board,
                news: CatalogNotifier(
                    redis: queue.redis, keys: CatalogKeys(prefix: queue.keys.prefix), logger: Self.quiet),
                clock: SystemWallClock(), logger: Self.quiet)
            try await body(Scene(watch: watch, board: board, alerts: alerts, store: store))
        }
    }

    private func catalog(_ accounts: String...) -> CatalogSnapshot {
        CatalogSnapshot(
            models: [Model(id: "m", provider: .openai)], accounts: accounts.map { Account(id: $0, provider: .openai) })
    }

    private let future = SystemWallClock().now + 60_000

    @Test func `a refused key disables its account, with an alert that ends when it is used again`() async throws {
        try await watching(catalog("a")) { scene async throws in
            scene.note(.refused, 3, account: "a", model: "m", from: future)
            await scene.watch.look()
            #expect(try await scene.open(.accountDisabled) == ["a"])
            #expect(try await scene.store.load().accounts.first?.status == .disabled)

            // Enabled by hand in the database, and in order again.
            scene.board.restore(account: "a", onProbation: false)
            await scene.watch.look()
            #expect(try await scene.open(.accountDisabled) == [])
        }
    }

    @Test func `open circuits are told of only where requests could go`() async throws {
        try await watching(catalog("a")) { scene async throws in
            scene.note(.failed(.serverError), 9, account: "a", model: "m", from: 0)
            scene.note(.failed(.serverError), 9, account: "gone", model: "m", from: 0)
            scene.note(.failed(.serverError), 9, account: "a", model: "gone", from: 0)
            _ = try await scene.alerts.raise(
                kind: .circuitOpen, subject: "gone/m", severity: .warning, message: "of before it was deleted")
            await scene.watch.look()
            #expect(try await scene.open(.circuitOpen) == ["a/m"])
        }
    }

    @Test func `an account without money is told of once, until it answers`() async throws {
        try await watching(catalog("a")) { scene async throws in
            scene.note(.exhausted(retryAfter: .milliseconds(1)), 1, account: "a", model: "m", from: 0)
            await scene.watch.look()
            try await eventually("its rest is over") { !scene.board.rests("a") }
            await scene.watch.look()
            #expect(try await scene.open(.accountUnpaid) == ["a"])
            #expect(try await scene.alerts.list(onlyOpen: false, limit: 9).map(\.count) == [1])

            scene.board.note(.answered(seconds: 1), account: "a", model: "m", began: SystemWallClock().now)
            await scene.watch.look()
            #expect(try await scene.open(.accountUnpaid) == [])
        }
    }
}
