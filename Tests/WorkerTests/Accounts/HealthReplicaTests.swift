import Shared
import Testing

@testable import Worker

@Suite struct HealthReplicaTests {
    private static let whole = RouteKey(account: "a")
    private static let route = RouteKey(account: "a", model: "m")

    private static func version(_ number: Int, failures: Int) -> HealthStore.Versioned {
        var health = RouteHealth()
        health.failuresInRow = failures
        return .init(version: number, health: health)
    }

    /// Has read Redis, which was empty.
    private var replica: HealthReplica {
        var replica = HealthReplica(rules: HealthRules())
        replica.reloaded([:])
        return replica
    }

    private func fail(_ replica: inout HealthReplica, at now: Int64 = 1) -> Bool {
        replica.note(.failed(.serverError), account: "a", model: "m", began: now, at: now)
    }

    @Test func `a failure is urgent, an answer is only where it mends something`() {
        var replica = replica

        let answered = replica.note(.answered(seconds: 1), account: "a", model: "m", began: 1, at: 1)
        let refused = replica.note(.refused, account: "a", model: "m", began: 2, at: 2)
        let failed = (1...5).map { fail(&replica, at: Int64($0)) }
        let mended = replica.note(.answered(seconds: 1), account: "a", model: "m", began: 60_000, at: 60_000)

        #expect(!answered)
        #expect(refused)
        #expect(failed.allSatisfy { $0 })
        #expect(mended)
        #expect(replica.health(Self.route)?.failuresInRow == 0)
        #expect(replica.health(Self.whole)?.refusals == 0)
    }

    @Test func `an own change counts at once, and once more on top of what others wrote`() {
        var replica = replica

        _ = fail(&replica)
        #expect(replica.health(Self.route)?.failuresInRow == 1)
        replica.received(Self.route, Self.version(3, failures: 2))

        #expect(replica.health(Self.route)?.failuresInRow == 3)
        #expect(replica.needsSharing)
    }

    @Test func `what was written is the base from then on, and is no longer pending`() {
        var replica = replica
        _ = fail(&replica)

        #expect(replica.beginWriting().map(\.route) == [Self.route])
        replica.endWriting([Self.route: Self.version(1, failures: 1)])

        #expect(replica.health(Self.route)?.failuresInRow == 1)
        #expect(!replica.needsSharing)
    }

    @Test func `what was not written stays pending`() {
        var replica = replica
        _ = fail(&replica)

        _ = replica.beginWriting()
        replica.endWriting([:])

        #expect(replica.health(Self.route)?.failuresInRow == 1)
        #expect(replica.beginWriting().count == 1)
    }

    @Test func `a change that is noted during a write counts, and is written by the next`() {
        var replica = replica
        _ = fail(&replica)

        _ = replica.beginWriting()
        _ = fail(&replica, at: 2)
        replica.endWriting([Self.route: Self.version(1, failures: 1)])

        #expect(replica.health(Self.route)?.failuresInRow == 2)
        #expect(replica.beginWriting().count == 1)
    }

    @Test func `the echo of an own write that comes before its reply counts nothing twice`() {
        var replica = replica
        _ = fail(&replica)

        _ = replica.beginWriting()
        replica.received(Self.route, Self.version(1, failures: 1))
        #expect(replica.health(Self.route)?.failuresInRow == 1)
        replica.endWriting([Self.route: Self.version(1, failures: 1)])

        #expect(replica.health(Self.route)?.failuresInRow == 1)
    }

    @Test func `another worker's newer version that came during a write holds after it`() {
        var replica = replica
        _ = fail(&replica)

        _ = replica.beginWriting()
        replica.received(Self.route, Self.version(2, failures: 4))
        replica.endWriting([Self.route: Self.version(1, failures: 1)])

        #expect(replica.health(Self.route)?.failuresInRow == 4)
    }

    @Test func `an older version counts for nothing, a first one is another beginning`() {
        var replica = replica
        replica.received(Self.route, Self.version(5, failures: 3))

        replica.received(Self.route, Self.version(4, failures: 9))
        #expect(replica.health(Self.route)?.failuresInRow == 3)
        replica.received(Self.route, Self.version(1, failures: 1))

        #expect(replica.health(Self.route)?.failuresInRow == 1)
    }

    @Test func `a route that Redis has lost is taken over from any version`() {
        var replica = replica
        replica.received(Self.route, Self.version(5, failures: 3))

        replica.markStale()
        replica.reloaded([Self.route: Self.version(2, failures: 1)])

        #expect(replica.health(Self.route)?.failuresInRow == 1)
        #expect(!replica.isStale)
    }

    @Test func `ten thousand changes wait for Redis, older ones are forgotten`() {
        var replica = replica
        for number in 0..<10_005 {
            _ = replica.note(.answered(seconds: 1), account: "\(number)", model: "m", began: 1, at: 1)
        }

        let pending = replica.beginWriting()

        #expect(pending.count == 10_000)
        #expect(pending.first?.route.account == "5")
    }

    @Test func `changes that are forgotten during a write are not taken for others that were written`() {
        var replica = replica
        for _ in 0..<10_000 { _ = fail(&replica) }

        _ = replica.beginWriting()
        _ = replica.note(.refused, account: "a", model: "m", began: 2, at: 2)
        replica.endWriting([Self.route: Self.version(1, failures: 10_000)])

        #expect(replica.beginWriting().map(\.route) == [Self.whole])
    }
}
