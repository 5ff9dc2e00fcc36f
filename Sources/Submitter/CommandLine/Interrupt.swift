import UnixSignals

/// Runs work that a person ends with Ctrl-C.
enum Interrupt {
    /// The value of `work`, or `nil` where SIGINT or SIGTERM came first.
    ///
    /// The work is cancelled then, and has ended when this returns. `ends`: whether this signal ends it.
    static func race<Value: Sendable>(
        _ ends: @escaping @Sendable () -> Bool = { true }, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        // Before the work begins, or a signal would end the process and not the work.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Value?.self) { race in
            race.addTask { try await work() }
            race.addTask {
                for await _ in signals where ends() { break }
                return nil
            }
            defer { race.cancelAll() }
            return try await race.next() ?? nil
        }
    }
}
