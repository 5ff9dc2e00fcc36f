import Logging
import Shared
import TestSupport
import Testing

@testable import Submitter

struct OtherRequestsTests {
    private func others(_ queue: JobQueue) -> OtherRequests {
        OtherRequests(
            queues: JobQueues([queue]), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test func `a batch takes others to be there from its first look on`() async throws {
        try await QueueFixture.run { fixture in
            let others = others(fixture.queue)
            #expect(!others.areThere)

            await others.look()
            #expect(others.areThere)
        }
    }
}
