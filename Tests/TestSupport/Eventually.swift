import Shared

/// A condition that did not come true in time.
package struct NeverHappened: Error, CustomStringConvertible {
    let what: String
    let waited: Duration

    package var description: String { "did not happen within \(waited): \(what)" }
}

/// Waits until a condition of another process holds, looking every few milliseconds.
///
/// Throws `NeverHappened` after `timeout`.
///
/// For what gives no signal when it changes: Redis' state, files, processes. A throwing condition ends the wait.
package func eventually(
    _ what: String, timeout: Duration = .seconds(10), _ condition: () async throws -> Bool
) async throws {
    let start = ContinuousClock.now
    var pause = Duration.milliseconds(1)
    while try await !condition() {
        guard ContinuousClock.now - start < timeout else { throw NeverHappened(what: what, waited: timeout) }
        try await EventLoopTimer.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(20))
    }
}
