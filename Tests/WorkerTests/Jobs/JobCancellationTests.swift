import Testing

@testable import Worker

@Suite struct JobCancellationTests {
    @Test func `an interrupted wait ends at once`() async throws {
        let interrupt = JobCancellation()
        let wait = Task { try await interrupt.stopping { try await Task.sleep(for: .seconds(3600)) } }

        interrupt.raise(.cancelled)

        await #expect(throws: CancellationError.self) { try await wait.value }
        #expect(interrupt.reason == .cancelled)
    }

    @Test func `a wait that begins after the interrupt ends at once too`() async {
        let interrupt = JobCancellation()
        interrupt.raise(.shutdown)

        await #expect(throws: CancellationError.self) {
            try await interrupt.stopping { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    @Test func `the first reason stays`() {
        let interrupt = JobCancellation()
        interrupt.raise(.leaseLost)
        interrupt.raise(.shutdown)
        #expect(interrupt.reason == .leaseLost)
    }

    @Test func `an undisturbed operation gives its value`() async throws {
        #expect(try await JobCancellation().stopping { 7 } == 7)
    }
}
