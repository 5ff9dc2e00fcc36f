import Shared
import Testing

@testable import Worker

@Suite struct JobCancellationTests {
    @Test func `an interrupted wait ends at once`() async throws {
        let cancellation = JobCancellation()
        let wait = Task { try await cancellation.stopping { try await EventLoopTimer.sleep(for: .seconds(3600)) } }

        cancellation.cancel(.cancelled)

        await #expect(throws: CancellationError.self) { try await wait.value }
        #expect(cancellation.reason == .cancelled)
    }

    @Test func `a wait that begins after the cancellation ends at once too`() async {
        let cancellation = JobCancellation()
        cancellation.cancel(.shutdown)

        await #expect(throws: CancellationError.self) {
            try await cancellation.stopping { try await EventLoopTimer.sleep(for: .seconds(3600)) }
        }
    }

    @Test func `the first reason stays`() {
        let cancellation = JobCancellation()
        cancellation.cancel(.leaseLost)
        cancellation.cancel(.shutdown)
        #expect(cancellation.reason == .leaseLost)
    }

    @Test func `an undisturbed operation gives its value`() async throws {
        #expect(try await JobCancellation().stopping { 7 } == 7)
    }
}
