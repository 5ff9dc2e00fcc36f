import Shared
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct HealthStoreTests {
    private let route = RouteKey(account: "a", model: "m")

    private func failed(_ count: Int) -> RouteHealth {
        var health = RouteHealth()
        for at in 0..<count {
            health.note(Observation(.failed(.serverError), began: Int64(at), ended: Int64(at)), HealthRules())
        }
        return health
    }

    @Test func `a change that another worker overtook is not written`() async throws {
        try await QueueFixture.run { fixture in
            let store = HealthStore(redis: fixture.redis, keys: PoolKeys(prefix: fixture.keys.prefix))
            let read = try await store.read([route])
            #expect(read == [.init(version: 0, health: RouteHealth())])
            #expect(try await store.write([(route, read[0], failed(1))]) == [])

            #expect(try await store.write([(route, read[0], failed(9))]) == [route])

            #expect(try await store.all() == [route: .init(version: 1, health: failed(1))])
        }
    }

    @Test func `what is published is what was written`() throws {
        let payload = Array("a\nm\n3 ".utf8) + failed(2).encoded
        let news = try #require(HealthStore.decode(payload))
        #expect(news.route == route)
        #expect(news.health == .init(version: 3, health: failed(2)))
        #expect(HealthStore.decode(Array("nonsense".utf8)) == nil)
    }
}
