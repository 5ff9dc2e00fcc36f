import Synchronization

/// A few connections shared by a process. Callers get one in turn; a broken one connects again when it is next used.
package final class PostgresPool: Sendable {
    private struct State {
        var free: [PostgresConnection]
        var waiting: [CheckedContinuation<PostgresConnection, Never>] = []
    }

    private let state: Mutex<State>
    private let maxWaiting: Int

    package init(_ configuration: PostgresConfiguration) {
        maxWaiting = configuration.maxWaiting
        state = Mutex(State(free: (0..<configuration.poolSize).map { _ in PostgresConnection(configuration) }))
    }

    package func query(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        try await withConnection { connection throws(PostgresError) in try await connection.query(sql, parameters) }
    }

    package func transaction<Value: Sendable>(
        _ body: @Sendable (isolated PostgresConnection) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        try await withConnection { connection throws(PostgresError) in try await connection.transaction(body) }
    }

    package func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let connection = try await take()
        defer { giveBack(connection) }
        return try await body(connection)
    }

    /// Closes what is idle; call it when nobody uses the pool any more.
    package func close() async {
        for connection in state.withLock({ $0.free }) { await connection.disconnect() }
    }

    private func take() async throws(PostgresError) -> PostgresConnection {
        let isFull = state.withLock { $0.free.isEmpty && $0.waiting.count >= maxWaiting }
        if isFull { throw PostgresError(.overloaded, "\(maxWaiting) callers wait for a connection") }
        return await withCheckedContinuation { continuation in
            let connection = state.withLock { state in
                if let connection = state.free.popLast() { return connection as PostgresConnection? }
                state.waiting.append(continuation)
                return nil
            }
            if let connection { continuation.resume(returning: connection) }
        }
    }

    private func giveBack(_ connection: PostgresConnection) {
        let next = state.withLock { state -> CheckedContinuation<PostgresConnection, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free.append(connection)
            return nil
        }
        next?.resume(returning: connection)
    }
}
