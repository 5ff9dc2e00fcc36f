import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct EventLoopTimerTests {
    @Test func `a sleep lasts for its time`() async throws {
        let began = ContinuousClock.now
        try await EventLoopTimer.sleep(for: .milliseconds(30))
        #expect(ContinuousClock.now - began >= .milliseconds(30))
        try await EventLoopTimer.sleep(for: .milliseconds(-5))
    }

    @Test func `a cancelled sleep ends at once, also one that was cancelled before`() async {
        let sleeping = Task { try await EventLoopTimer.sleep(for: .seconds(3600)) }
        sleeping.cancel()
        await #expect(throws: CancellationError.self) { try await sleeping.value }
    }

    @Test func `a stopped timer waits no more`() async {
        let timer = EventLoopTimer()
        async let waiting: Void = timer.wait(.seconds(3600))
        timer.stop()
        await waiting
        await timer.wait(.seconds(3600))
        #expect(timer.isStopped)
    }
}
