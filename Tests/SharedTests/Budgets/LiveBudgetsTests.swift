import Logging
import TestSupport
import Testing

@testable import Shared

/// What one process finds spent, the others refuse.
@Suite(.timeLimit(.minutes(1))) struct LiveBudgetsTests {
    private static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func run(
        _ body: (BudgetFixture, BudgetPublisher, LiveBudgets, QueueFixture) async throws -> Void
    ) async throws {
        let fixture = try await BudgetFixture()
        try await QueueFixture.run { queue in
            let keys = PoolKeys(prefix: queue.keys.prefix)
            let publisher = BudgetPublisher(
                store: fixture.store, redis: queue.redis, keys: keys, logger: Self.silent)
            let live = LiveBudgets(redis: queue.redis, keys: keys, logger: Self.silent)
            try await body(fixture, publisher, live, queue)
        }
    }

    @Test func `a budget that is used up is known after a look, and one that was raised refuses no longer`() async throws {
        try await run { fixture, publisher, live, _ in
            await live.look()
            #expect(!live.areSet && live.refusal(tenant: "t", user: nil) == nil)

            try await fixture.set("b", ["tenant": "t", "unit": "tokens", "hard": 10])
            #expect(await publisher.look())
            await live.look()
            #expect(live.areSet && live.refusal(tenant: "t", user: nil) == nil)

            try await fixture.ledger.record([BudgetFixture.row("r", tokens: 10)])
            #expect(await publisher.look())
            await live.look()
            #expect(live.refusal(tenant: "t", user: "ada")?.budget == "b")

            try await fixture.set("b", ["hard": 11])
            #expect(await publisher.look())
            await live.look()
            #expect(live.refusal(tenant: "t", user: "ada") == nil)
        }
    }

    @Test func `a Redis that lost its data is told again, by a publisher that has told it before`() async throws {
        try await run { fixture, publisher, live, queue in
            try await fixture.set("b", ["tenant": "t", "unit": "tokens", "hard": 0])
            #expect(await publisher.look())
            _ = try await queue.redis.send(
                RedisCommand("DEL", .string(PoolKeys(prefix: queue.keys.prefix).budgets)))
            await live.look()
            #expect(live.refusal(tenant: "t", user: nil) == nil)

            try await eventually("it is told again") {
                await publisher.look()
                await live.look()
                return live.refusal(tenant: "t", user: nil) != nil
            }
        }
    }

    @Test func `messages are taken as they come, but for old ones and for nonsense`() async throws {
        try await run { _, _, live, _ in
            let spent = SpentBudgets(count: 1, asOf: 5000, [(.tenant("t"), .init(budget: "b", until: nil))])
            live.received(spent.encoded)
            live.received(SpentBudgets(count: 0, asOf: 4000).encoded)
            live.received(Array("nonsense".utf8))
            #expect(live.refusal(tenant: "t", user: nil)?.budget == "b")

            live.received(SpentBudgets(count: 0, asOf: 5001).encoded)
            #expect(live.refusal(tenant: "t", user: nil) == nil)
        }
    }

    @Test func `with a database that is away the last word counts`() async throws {
        try await QueueFixture.run { queue in
            let keys = PoolKeys(prefix: queue.keys.prefix)
            let live = LiveBudgets(redis: queue.redis, keys: keys, logger: Self.silent)
            live.received(SpentBudgets(count: 1, asOf: 1, [(.tenant("t"), .init(budget: "b", until: nil))]).encoded)
            let publisher = BudgetPublisher(
                store: BudgetStore(try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none"))), redis: queue.redis,
                keys: keys, logger: Self.silent)

            #expect(await publisher.look() == false)
            await live.look()

            #expect(live.refusal(tenant: "t", user: nil)?.budget == "b")
        }
    }
}
