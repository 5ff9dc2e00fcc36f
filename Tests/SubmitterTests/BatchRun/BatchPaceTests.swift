import Shared
import Testing

@testable import Submitter

/// When the next line of a batch may go into the queue.
@Suite struct BatchPaceTests {
    private let start = ContinuousClock.now
    private var settings: BatchRunSettings {
        var settings = BatchRunSettings()
        settings.fewestLines = 4
        settings.mostLines = 100
        settings.mostBytes = 1000
        return settings
    }

    private func pace(_ change: (inout BatchOptions) -> Void = { _ in }, spent: Double = 0) -> BatchPace {
        var options = BatchOptions()
        change(&options)
        return BatchPace(settings, options, spent: spent, now: start)
    }

    @Test func `a batch that has finished nothing keeps to the smallest window`() {
        var pace = pace()

        for _ in 0..<4 { pace.sent(.init()) }

        #expect(pace.verdict(for: .init(), now: start) == .wait(nil))
        #expect(pace.window == 4)
    }

    private func finish(_ count: Int, of seconds: Double, _ pace: inout BatchPace) {
        for _ in 0..<count {
            pace.sent(.init())
            pace.ended(.init(), tokens: 0, cost: 0, time: .seconds(seconds))
        }
    }

    @Test func `the window is twice what runs, up to its bound`() {
        var pace = pace()
        pace.measure(now: start)
        finish(1000, of: 2, &pace)
        pace.measure(now: start + .seconds(100))
        #expect((39...40).contains(pace.window), "ten a second, each of two seconds")

        finish(1000, of: 60, &pace)
        pace.measure(now: start + .seconds(101))
        #expect(pace.window == 100)
    }

    @Test func `lines that take no time need no window`() {
        var pace = pace()
        pace.measure(now: start)
        finish(1000, of: 0, &pace)
        pace.measure(now: start + .seconds(1))

        #expect(pace.window == 4)
    }

    @Test func `a batch that becomes slow gives its window back`() {
        var pace = pace()
        pace.measure(now: start)
        finish(100, of: 1, &pace)
        pace.measure(now: start + .seconds(1))

        for second in 2...200 { pace.measure(now: start + .seconds(second)) }

        #expect(pace.window == 4)
    }

    @Test func `a wish for less concurrency and a part of the tenant's share bound the window`() {
        var slow = pace { $0.concurrency = 2 }
        slow.measure(now: start)
        #expect(slow.window == 2)

        var half = pace()
        half.part = 0.02
        #expect(half.window == 2)
    }

    @Test func `beside other requests a batch sends few lines, fewer where the machine is busy, more where it is not`()
    {
        var pace = pace()
        pace.share(lag: .zero)
        #expect((95...105).contains(sent(in: 1, at: 10, &pace)))

        for _ in 0..<30 { pace.share(lag: .zero) }
        #expect(sent(in: 0.1, at: 20, &pace) > 90)
        for _ in 0..<20 { pace.share(lag: .milliseconds(50)) }
        #expect((95...105).contains(sent(in: 1, at: 30, &pace)))
        pace.share(lag: nil)
        #expect(sent(in: 0.1, at: 40, &pace) == 100, "one a millisecond, as often as it is asked")
    }

    /// Lines that take no time, one at most a millisecond.
    private func sent(in seconds: Double, at: Int, _ pace: inout BatchPace) -> Int {
        let begin = start + .seconds(at)
        var count = 0
        _ = pace.verdict(for: .init(), now: begin)
        for millisecond in 0..<Int(seconds * 1000)
        where pace.verdict(for: .init(), now: begin + .milliseconds(millisecond)) == .go {
            pace.ended(pace.sent(.init()), tokens: 0, cost: 0)
            count += 1
        }
        return count
    }

    @Test func `bodies are bounded, but one line may always be sent`() {
        var pace = pace()
        let large = BatchPace.Share(bytes: 5000)

        #expect(pace.verdict(for: large, now: start) == .go)
        pace.sent(large)

        #expect(pace.verdict(for: .init(bytes: 1), now: start) == .wait(nil))
        pace.ended(large, tokens: 0, cost: 0)
        #expect(pace.verdict(for: .init(bytes: 1), now: start) == .go)
    }

    @Test func `no line is sent that could exceed the budget, while others may turn out cheaper`() {
        var pace = pace({ $0.maxCost = 10 }, spent: 4)
        let line = BatchPace.Share(mostCost: 5)
        pace.sent(line)

        #expect(pace.verdict(for: line, now: start) == .wait(nil))
        pace.ended(line, tokens: 0, cost: 0.5)

        #expect(pace.verdict(for: line, now: start) == .go)
        pace.sent(line)
        pace.ended(line, tokens: 0, cost: 4)

        #expect(pace.verdict(for: line, now: start) == .overBudget)
    }

    @Test func `requests are sent at their rate`() {
        var pace = pace { $0.requestsPerMinute = 60 }
        var (sent, now) = (0, start)
        while now < start + .seconds(20) {
            if pace.verdict(for: .init(), now: now) == .go {
                pace.sent(.init())
                pace.ended(.init(), tokens: 0, cost: 0)
                sent += 1
            }
            now += .milliseconds(50)
        }

        #expect((19...21).contains(sent))
    }

    @Test func `tokens count as they turn out to be`() {
        var pace = pace { $0.tokensPerMinute = 6000 }
        let line = BatchPace.Share(tokens: 10)
        var (sent, now) = (0, start)
        while now < start + .seconds(60) {
            if pace.verdict(for: line, now: now) == .go {
                pace.ended(pace.sent(line), tokens: 500, answer: 490, cost: 0)
                sent += 1
            }
            now += .milliseconds(100)
        }

        #expect((11...14).contains(sent))
    }

    @Test(arguments: [1, 59, 61, 1_000_000_000])
    func `any rate gives a bounded wait`(perMinute: Int) {
        var pace = pace { $0.requestsPerMinute = perMinute }
        for _ in 0..<3 { pace.sent(.init()) }

        switch pace.verdict(for: .init(), now: start + .milliseconds(1)) {
        case .wait(let time?): #expect(time > .zero && time <= .seconds(60))
        case .go: #expect(perMinute > 1_000)
        default: Issue.record("expected a wait or nothing")
        }
    }
}
