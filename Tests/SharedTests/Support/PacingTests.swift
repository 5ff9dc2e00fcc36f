import ServiceLifecycle
import Synchronization
import Testing

@testable import Shared

@Suite struct PacingTests {
    @Test func `the first turn begins at once, later ones after the interval`() async {
        let began = ContinuousClock.now
        var turns = 0

        for await _ in every(.milliseconds(5)) {
            turns += 1
            if turns == 1 { #expect(ContinuousClock.now - began < .seconds(5)) }
            if turns == 3 { break }
        }

        #expect(ContinuousClock.now - began >= .milliseconds(10))
    }

    @Test func `a delay comes before the first turn`() async {
        let began = ContinuousClock.now

        for await _ in every(.seconds(60), after: .milliseconds(10)) { break }

        #expect(ContinuousClock.now - began >= .milliseconds(10))
    }

    @Test func `cancellation ends the loop and a pause`() async {
        let turns = Mutex(0)
        let task = Task {
            for await _ in every(.seconds(60)) {
                turns.withLock { $0 += 1 }
                withUnsafeCurrentTask { unsafe $0?.cancel() }
            }
            return await Task.pause(for: .seconds(60))
        }

        #expect(await task.value == false)
        #expect(turns.withLock { $0 } == 1)
    }

    @Test(arguments: [(250, 250), (300, 250), (999, 250), (1000, 1000), (2500, 1000), (60_000, 1000)])
    func `loops of all intervals meet at the same moments`(milliseconds: Int, step: Int) {
        let (interval, step, now) = (
            Duration.milliseconds(milliseconds), Duration.milliseconds(step), ContinuousClock.now
        )
        let meeting = now + TurnGrid.delay(.seconds(1), now: now)

        for late in stride(from: 0, to: 2000, by: 7) {
            let start = now + .milliseconds(late)
            let delay = TurnGrid.delay(interval, now: start)
            let turns = (start + delay - meeting) / step
            #expect(abs(turns - turns.rounded()) < 1e-6)
            #expect(delay <= interval && interval - delay < step)
        }
    }

    @Test func `loops faster than that keep their own time`() {
        #expect(TurnGrid.delay(.milliseconds(249)) == .milliseconds(249))
        #expect(TurnGrid.delay(.zero) == .zero)
    }

    @Test func `a pause that ends by itself lets the loop go on`() async {
        #expect(await Task.pause(for: .milliseconds(1)))
    }

    @Test func `a task that was cancelled before has no turn`() async {
        let turns = await Task {
            withUnsafeCurrentTask { unsafe $0?.cancel() }
            var turns = 0
            for await _ in every(.milliseconds(1)) { turns += 1 }
            return turns
        }.value

        #expect(turns == 0)
    }
}
