import Testing

@testable import Shared

@Suite struct WorkerRollTests {
    private let start = ContinuousClock.now
    private var roll = WorkerRoll(lease: .seconds(15))

    private mutating func look(_ expiries: [String: Int64], now: Int64, second: Int) -> [String] {
        roll.look(expiries, now: now, at: start + .seconds(second), patience: .seconds(16)).map(\.name)
    }

    @Test mutating func `a worker whose heartbeat has expired is missing, once`() {
        #expect(look(["a": 15_000, "b": 15_000], now: 0, second: 0) == [])
        #expect(look(["b": 30_000], now: 16_000, second: 16) == ["a"])
        #expect(look(["b": 40_000], now: 20_000, second: 20) == [])
    }

    @Test mutating func `one that took its heartbeat away before its time is not`() {
        _ = look(["a": 15_000], now: 0, second: 0)
        #expect(look([:], now: 5_000, second: 5) == [])
    }

    @Test mutating func `one that came in its place before it was missed is told`() {
        _ = look(["a": 15_000, "b": 15_000], now: 0, second: 0)
        _ = look(["a": 15_000, "b": 20_000, "c": 20_000], now: 5_000, second: 5)

        let missing = roll.look(
            ["b": 30_000, "c": 30_000], now: 16_000, at: start + .seconds(16), patience: .seconds(16))

        #expect(missing == [WorkerRoll.Missing(name: "a", newcomers: 1)])
    }

    @Test mutating func `after a break in looking nobody is missed`() {
        _ = look(["a": 15_000], now: 0, second: 0)
        #expect(look([:], now: 60_000, second: 60) == [])
    }

    @Test mutating func `after Redis could not be read nobody is missed`() {
        _ = look(["a": 1000], now: 0, second: 0)
        roll.forget()
        #expect(look([:], now: 5_000, second: 5) == [])
    }
}
