import Testing

@testable import Shared

@Suite struct AlertJudgeTests {
    private let start = ContinuousClock.now

    private func judge(_ rule: AlertRule, clearAfter: Duration = .seconds(15)) -> AlertJudge {
        AlertJudge(rule, clearAfter: clearAfter, patience: .seconds(16))
    }

    private func reading(_ value: Double, of subject: String = "a") -> AlertReading {
        AlertReading(subject, value: value, "it is \(value)")
    }

    private func open(_ subject: String = "a", quiet: Duration) -> OpenAlert {
        OpenAlert(kind: .queueAge, subject: subject, quiet: quiet)
    }

    @Test func `a value at the threshold raises, one below does not`() {
        var judge = judge(AlertRule(from: 0.8, hysteresis: 0.1))

        #expect(judge.look([reading(0.79)], open: [], at: start) == [])
        #expect(judge.look([reading(0.8)], open: [], at: start + .seconds(5)) == [.raise(reading(0.8))])
    }

    @Test func `a value about the threshold makes one alert, which ends well below it`() {
        var judge = judge(AlertRule(from: 0.8, hysteresis: 0.1))

        // It is told that it is still found, so that nobody else clears it.
        #expect(
            judge.look([reading(0.75)], open: [open(quiet: .seconds(20))], at: start) == [.raise(reading(0.75))])
        #expect(judge.look([reading(0.71)], open: [open(quiet: .seconds(20))], at: start) == [.clear(subject: "a")])
    }

    @Test func `where low values are bad the alert ends above the threshold`() {
        var judge = judge(AlertRule(below: 0.5, hysteresis: 0.1))

        #expect(judge.look([reading(0.5)], open: [], at: start) == [])
        #expect(judge.look([reading(0.49)], open: [], at: start) == [.raise(reading(0.49))])
        #expect(judge.look([reading(0.52)], open: [open(quiet: .seconds(20))], at: start) == [.raise(reading(0.52))])
        #expect(judge.look([reading(0.56)], open: [open(quiet: .seconds(20))], at: start) == [.clear(subject: "a")])
    }

    @Test func `a condition must hold, look by look`() {
        var judge = judge(AlertRule(from: 1, holds: .seconds(10)))

        #expect(judge.look([reading(1)], open: [], at: start) == [])
        #expect(judge.look([reading(2)], open: [], at: start + .seconds(5)) == [])
        #expect(judge.look([reading(1)], open: [], at: start + .seconds(10)) == [.raise(reading(1))])
    }

    @Test func `one look without it begins the time anew`() {
        var judge = judge(AlertRule(from: 1, holds: .seconds(10)))

        _ = judge.look([reading(1)], open: [], at: start)
        _ = judge.look([], open: [], at: start + .seconds(5))
        #expect(judge.look([reading(1)], open: [], at: start + .seconds(10)) == [])
        #expect(judge.look([reading(1)], open: [], at: start + .seconds(20)) == [.raise(reading(1))])
    }

    @Test func `time in which nobody looked counts for nothing`() {
        var judge = judge(AlertRule(from: 1, holds: .seconds(10)))

        _ = judge.look([reading(1)], open: [], at: start)
        #expect(judge.look([reading(1)], open: [], at: start + .seconds(60)) == [])
    }

    @Test func `an alert that another process has found a moment ago stays`() {
        var judge = judge(.whileFound())

        #expect(judge.look([], open: [open(quiet: .seconds(14))], at: start) == [])
        #expect(judge.look([], open: [open(quiet: .seconds(15))], at: start) == [.clear(subject: "a")])
    }

    @Test func `an open alert is not written again at every look, and needs no time to hold`() {
        var judge = judge(.whileFound(for: .seconds(60)))

        #expect(judge.look([reading(1)], open: [open(quiet: .seconds(4))], at: start) == [])
        #expect(judge.look([reading(1)], open: [open(quiet: .seconds(5))], at: start) == [.raise(reading(1))])
    }

    @Test func `subjects are judged one by one`() {
        var judge = judge(AlertRule(from: 1))
        let readings = [reading(1, of: "a"), reading(0, of: "b"), reading(5, of: "c")]

        let changes = judge.look(readings, open: [open("b", quiet: .seconds(99)), open("d", quiet: .zero)], at: start)

        #expect(changes == [.raise(readings[0]), .raise(readings[2]), .clear(subject: "b")])
    }
}
