import Testing

@testable import Shared

@Suite struct PostgresOutageTests {
    private let start = ContinuousClock.now
    private var outage = PostgresOutage(holds: .seconds(15))

    private mutating func look(isAway: Bool, second: Int) -> PostgresOutage.Step {
        outage.look(isAway: isAway, at: start + .seconds(second), wall: Int64(second))
    }

    @Test mutating func `a short outage is nothing`() {
        #expect(look(isAway: true, second: 0) == .nothing)
        #expect(look(isAway: true, second: 10) == .nothing)
        #expect(look(isAway: false, second: 12) == .nothing)
        #expect(look(isAway: true, second: 20) == .nothing)
    }

    @Test mutating func `a long one is told for as long as it lasts, with its beginning, and its end once`() {
        _ = look(isAway: true, second: 3)
        #expect(look(isAway: true, second: 18) == .isAway(since: 3))
        #expect(look(isAway: true, second: 23) == .isAway(since: 3))
        #expect(look(isAway: false, second: 28) == .isBack(since: 3))
        #expect(look(isAway: false, second: 33) == .nothing)
    }

    @Test func `a direct message is sent to each channel until it has arrived`() {
        var calls = DirectCalls()
        let settings = WebhookSettings()
        #expect(calls.due(["a", "b", "c"], at: start) == ["a", "b", "c"])

        calls.note(.delivered, "a", settings, at: start)
        calls.note(.refused("x"), "b", settings, at: start)
        calls.note(.failed("x"), "c", settings, at: start)

        #expect(calls.due(["a", "b", "c"], at: start) == [])
        #expect(!calls.areDone(["a", "b", "c"]) && calls.areDone(["a", "b"]))
        #expect(calls.due(["a", "b", "c"], at: start + .seconds(7)) == ["c"])
        calls.note(.failed("x", retryAfter: .seconds(600)), "c", settings, at: start + .seconds(7))
        #expect(calls.due(["c"], at: start + .seconds(500)) == [])
        #expect(calls.due(["c"], at: start + .seconds(607)) == ["c"])
    }
}
