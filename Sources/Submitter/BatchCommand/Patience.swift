import Shared

/// Repeats what needs PostgreSQL while that is away.
struct Patience: Sendable {
    /// Chosen: longer than a restart or a fail-over, shorter than a night.
    ///
    /// The batch goes on meanwhile, and the same command finishes its files later.
    static let limit = Duration.seconds(600)

    /// Tells a person, once for each time that it is away.
    let tell: @Sendable (String) -> Void

    func persist<Value: Sendable>(_ work: () async throws(PostgresError) -> Value) async throws -> Value {
        var (began, pause) = (ContinuousClock.Instant?.none, Duration.milliseconds(250))
        while true {
            do throws(PostgresError) {
                let value = try await work()
                if began != nil { tell("PostgreSQL is back") }
                return value
            } catch {
                try Task.checkCancellation()
                let first = began ?? .now
                guard error.isPassing, .now - first < Self.limit else { throw error }
                if began == nil { tell("\(error); trying again for \(Self.limit.seconds / 60) min") }
                began = first
            }
            try await EventLoopTimer.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
    }
}

extension PostgresError {
    /// The same statement may succeed later.
    fileprivate var isPassing: Bool {
        switch code {
        case .unavailable, .timeout, .serializationOrDeadlock, .poolTimeout: true
        // 53: no room or memory, 57: shut down, 58: the system's.
        case .server: ["53", "57", "58"].contains(sqlState.map { String($0.prefix(2)) } ?? "")
        default: false
        }
    }
}
