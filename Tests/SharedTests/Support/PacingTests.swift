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
