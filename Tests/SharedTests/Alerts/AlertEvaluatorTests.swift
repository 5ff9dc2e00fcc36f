import Logging
import Synchronization
import TestSupport
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct AlertEvaluatorTests {
    /// One condition that a test sets by hand, and the processes that look at it.
    private final class Condition: Sendable {
        let readings = Mutex<[AlertReading]?>([])
        let store: AlertStore

        init() async throws { store = AlertStore(try await SharedPostgres.shared.migratedPool()) }

        func set(_ readings: [AlertReading]?) { self.readings.withLock { $0 = readings } }

        func evaluator() -> AlertEvaluator {
            var settings = AlertSettings()
            (settings.interval, settings.clearAfter) = (.milliseconds(10), .zero)
            let check = AlertCheck(.noCapacity, .whileFound()) { _ in self.readings.withLock { $0 } }
            return AlertEvaluator(
                [check], store: store, settings: settings,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        }

        func open() async throws -> [String] { try await store.openSubjects(of: .noCapacity).sorted() }
    }

    @Test func `what is found is raised, and what is no longer found is cleared`() async throws {
        let condition = try await Condition()
        let evaluator = condition.evaluator()
        condition.set([AlertReading("normal", "a"), AlertReading("high", "b")])
        await evaluator.look()
        #expect(try await condition.open() == ["high", "normal"])

        condition.set([AlertReading("high", "c")])
        try await eventually("one is over") {
            await evaluator.look()
            return try await condition.open() == ["high"]
        }
        let alerts = try await condition.store.list(onlyOpen: true, limit: 9)
        #expect(alerts.map(\.message) == ["c"] && alerts.map(\.severity) == ["warning"])
    }

    @Test func `what cannot be measured stays as it is`() async throws {
        let condition = try await Condition()
        let evaluator = condition.evaluator()
        condition.set([AlertReading("normal", "a")])
        await evaluator.look()

        condition.set(nil)
        for _ in 0..<5 { await evaluator.look() }

        #expect(try await condition.open() == ["normal"])
    }

    @Test func `another process ends what one that died has raised`() async throws {
        let condition = try await Condition()
        condition.set([AlertReading("normal", "a")])
        await condition.evaluator().look()
        #expect(try await condition.open() == ["normal"])

        condition.set([])
        let other = condition.evaluator()
        try await eventually("it is over") {
            await other.look()
            return try await condition.open() == []
        }
    }
}
