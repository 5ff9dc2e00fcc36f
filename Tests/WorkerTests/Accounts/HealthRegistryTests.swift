import Logging
import NIOPosix
import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HealthRegistryTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func route(_ account: String, _ model: String) -> Route {
        Route(model: Model(id: model, provider: .openai), account: Account(id: account, provider: .openai))
    }

    /// Runs the health registries of `count` workers, which share what they find, while `body` runs.
    private func sharing(_ count: Int, _ body: ([HealthRegistry]) async throws -> Void) async throws {
        try await QueueFixture.run { fixture in
            let keys = PoolKeys(prefix: fixture.keys.prefix)
            let registries = (0..<count).map { _ in
                HealthRegistry(
                    rules: HealthRules(), store: HealthStore(redis: fixture.redis, keys: keys), logger: Self.quiet)
            }
            let url = try await SharedRedis.shared.url
            try await withThrowingTaskGroup(of: Void.self) { group in
                for registry in registries {
                    let subscription = RedisSubscription(
                        try RedisConfiguration(url: url), channels: [keys.healthChannel], name: "news",
                        group: MultiThreadedEventLoopGroup.singleton, logger: Self.quiet,
                        onMessage: { _, payload in registry.received(payload) }, onSubscribed: { registry.missed() })
                    group.addTask { try await registry.run() }
                    group.addTask { try await subscription.run() }
                }
                try await body(registries)
                group.cancelAll()
            }
        }
    }

    @Test func `what one worker finds, the others know within a second`() async throws {
        try await sharing(3) { registries in
            try await eventually("all listen") {
                registries[0].note(.answered(seconds: 1), account: "probe", model: "m", began: 0)
                return registries.allSatisfy { $0.health(RouteKey(account: "probe", model: "m")) != nil }
            }
            registries[0].note(.limited(.rateLimited, retryAfter: .seconds(20)), account: "a", model: "m", began: 0)
            registries[1].note(.refused, account: "b", model: "m", began: 0)
            let began = ContinuousClock.now
            try await eventually("the others know") {
                registries.allSatisfy { registry in
                    guard case .coolDown(_, true) = registry.fitness(of: Self.route("a", "m")).use,
                        case .coolDown(_, false) = registry.fitness(of: Self.route("b", "other")).use
                    else { return false }
                    return registry.fitness(of: Self.route("a", "other")).use == .ready
                }
            }
            #expect(ContinuousClock.now - began < .seconds(1))
        }
    }

    @Test func `failures that several workers see at once all count, each once`() async throws {
        try await sharing(4) { registries in
            for registry in registries { registry.note(.failed(.serverError), account: "a", model: "m", began: 1) }
            let route = RouteKey(account: "a", model: "m")
            try await eventually("all agree") { registries.allSatisfy { $0.health(route)?.failuresInRow == 4 } }
            registries[2].note(.failed(.serverError), account: "a", model: "m", began: 1)
            try await eventually("the circuit is open everywhere") {
                registries.allSatisfy { $0.fitness(of: Self.route("a", "m")).use == .open }
            }
            #expect(registries.allSatisfy { $0.health(route)?.failuresInRow == 5 })
        }
    }

    @Test func `a registry that starts later reads what is known`() async throws {
        try await sharing(1) { registries in
            registries[0].note(.refused, account: "a", model: "m", began: 0)
            let store = registries[0].store
            try await eventually("it is written") { try await !store.all().isEmpty }
            let late = HealthRegistry(rules: HealthRules(), store: store, logger: Self.quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await late.run() }
                try await eventually("it has read") { late.health(RouteKey(account: "a"))?.refusals == 1 }
                group.cancelAll()
            }
        }
    }

    @Test func `probes that fail open no circuit while requests are answered`() async throws {
        try await sharing(1) { registries in
            let (registry, now) = (registries[0], SystemWallClock().now)
            registry.note(.answered(seconds: 1), account: "busy", model: "m", began: now)
            for _ in 0..<9 {
                for account in ["busy", "idle"] { registry.probed(.failed(.serverError), account: account, began: now) }
            }
            #expect(registry.fitness(of: Self.route("busy", "m")).use == .ready)
            #expect(registry.fitness(of: Self.route("idle", "m")).use == .open)
        }
    }

    @Test func `an answer disproves what was held against the key`() async throws {
        try await sharing(1) { registries in
            let registry = registries[0]
            registry.note(.refused, account: "a", model: "m", began: 0)
            registry.note(.answered(seconds: 1), account: "a", model: "m", began: SystemWallClock().now + 60_000)
            #expect(registry.health(RouteKey(account: "a"))?.refusals == 0)
        }
    }
}
