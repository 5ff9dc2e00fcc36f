import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct MetricsCollectionTests {
    private final class Turns: Sendable {
        private let counts = Mutex((fast: 0, slow: 0))
        var fast: Int { counts.withLock { $0.fast } }
        var slow: Int { counts.withLock { $0.slow } }
        func turned(isFast: Bool) { counts.withLock { if isFast { $0.fast += 1 } else { $0.slow += 1 } } }
    }

    private func running(
        patience: Duration, _ body: (MetricsCollection, Turns) async throws -> Void
    ) async throws {
        let turns = Turns()
        let collection = MetricsCollection(
            [
                .init(every: .milliseconds(10)) { turns.turned(isFast: true) },
                .init(every: .milliseconds(80)) { turns.turned(isFast: false) },
            ], patience: patience)
        let services = ServiceGroup(
            services: [collection], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await body(collection, turns)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    @Test func `nothing is collected before somebody asks`() async throws {
        try await running(patience: .seconds(60)) { collection, turns in
            try await EventLoopTimer.sleep(for: .milliseconds(50))
            #expect(turns.fast == 0 && turns.slow == 0 && !collection.isWanted)
            collection.ask()
            try await eventually("both collect") { turns.fast > 2 && turns.slow > 0 }
        }
    }

    @Test func `collecting ends when nobody asks any more, and all of it begins again`() async throws {
        try await running(patience: .milliseconds(100)) { collection, turns in
            for round in 1...3 {
                collection.ask()
                let before = (turns.fast, turns.slow)
                try await eventually("both collect in round \(round)") {
                    turns.fast > before.0 && turns.slow > before.1
                }
                var seen = -1
                try await eventually("collecting has ended") {
                    guard !collection.isWanted, seen == turns.fast else {
                        seen = turns.fast
                        return false
                    }
                    return true
                }
            }
        }
    }
}
