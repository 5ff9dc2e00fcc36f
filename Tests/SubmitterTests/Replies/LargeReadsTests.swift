import TestSupport
import Testing

@testable import Submitter

@Suite(.timeLimit(.minutes(1)))
struct LargeReadsTests {
    @Test func `readers wait until there is room, in order`() async throws {
        let reads = LargeReads(limit: 100)
        var first: LargeReads.Hold? = await reads.hold(60)
        async let second = reads.hold(80)
        try await eventually("somebody waits") { reads.waitingCount == 1 }
        async let third = reads.hold(10)
        try await eventually("the third waits behind it, though it would fit") { reads.waitingCount == 2 }
        #expect(reads.used == 60)

        withExtendedLifetime(first) {}
        first = nil

        let holds = await [second, third]
        #expect(reads.used == 90)
        withExtendedLifetime(holds) {}
    }

    @Test func `one that is larger than the limit has it alone`() async {
        let reads = LargeReads(limit: 100)
        let hold = await reads.hold(5000)
        #expect(reads.used == 100)
        withExtendedLifetime(hold) {}
    }

    @Test func `bodies count until nobody holds them`() throws {
        let budget = BodyBudget(limit: 100)
        var first: BodyHold? = BodyHold(budget)
        try first?.reach(60)
        try first?.reach(50)
        #expect(budget.inUse == 60)
        let second = BodyHold(budget)
        #expect(throws: APIError.self) { try second.reach(50) }
        try second.reach(40)

        first = nil

        #expect(budget.inUse == 40)
        #expect(throws: APIError.self) { try second.reach(101) }
    }

    @Test func `a body larger than the limit is taken alone`() throws {
        let hold = BodyHold(BodyBudget(limit: 10))
        try hold.reach(1000)
    }
}
