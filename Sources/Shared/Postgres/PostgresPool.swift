import Synchronization

/// A few connections shared by a process.
///
/// Callers get one in turn. A broken one connects again when it is next used.
///
/// A caller that is cancelled goes on at once, with `cancelled`. Its statement ends by itself, and only then does its
/// connection serve the next caller.
package final class PostgresPool: Sendable {
    private struct State {
        var free: [PostgresConnection]
        var waiting: [PostgresReply<PostgresConnection>] = []
        var isClosed = false
    }

    private let state: Mutex<State>
    private let configuration: PostgresConfiguration

    package init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        state = Mutex(State(free: (0..<configuration.poolSize).map { _ in PostgresConnection(configuration) }))
    }

    /// Throws `configuration` where libpq cannot read the URL, without connecting yet.
    package convenience init(url: Secret) throws(PostgresError) {
        let configuration = PostgresConfiguration(url: url)
        try configuration.check()
        self.init(configuration)
    }

    package func query(
        _ sql: String, _ parameters: [PostgresParameter] = []
    ) async throws(PostgresError) -> PostgresRows {
        try await perform { connection throws(PostgresError) in try connection.query(sql, parameters) }
    }

    /// All or nothing, as `PostgresConnection.transaction` has it.
    package func transaction<Value: Sendable>(
        _ body: @escaping @Sendable (isolated PostgresConnection) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        try await perform { connection throws(PostgresError) in try connection.transaction(body) }
    }

    /// Runs `work` on a connection, on that connection's thread.
    package func perform<Value: Sendable>(
        _ work: @escaping @Sendable (isolated PostgresConnection) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let began = ContinuousClock.now
        do throws(PostgresError) {
            let value = try await unmeasured(work)
            configuration.metrics?.ended(after: .now - began)
            return value
        } catch {
            configuration.metrics?.ended(after: .now - began, error)
            throw error
        }
    }

    private func unmeasured<Value: Sendable>(
        _ work: @escaping @Sendable (isolated PostgresConnection) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let connection = try await lend()
        let reply = PostgresReply<Value>()
        connection.submit { connection in
            let answer: Result<Value, PostgresError>
            do throws(PostgresError) { answer = .success(try work(connection)) } catch { answer = .failure(error) }
            self.takeBack(connection)
            reply.complete(answer)
        }
        return try await reply.wait()
    }

    /// Closes every connection, those in use when their statement has ended.
    ///
    /// Later calls fail.
    package func close() async {
        let (free, waiting) = state.withLock { state in
            defer { (state.free, state.waiting, state.isClosed) = ([], [], true) }
            return (state.free, state.waiting)
        }
        for reply in waiting { reply.complete(.failure(Self.closed)) }
        for connection in free { await connection.disconnect() }
    }

    private static let closed = PostgresError(.unavailable, "the pool is closed")

    // MARK: - Lending

    private func lend() async throws(PostgresError) -> PostgresConnection {
        let reply = PostgresReply<PostgresConnection>()
        let refusal = state.withLock { state -> PostgresError? in
            if state.isClosed { return Self.closed }
            if let connection = state.free.popLast() {
                reply.complete(.success(connection))
            } else if state.waiting.count < configuration.maxWaiting {
                state.waiting.append(reply)
            } else {
                return PostgresError(.poolTimeout, "\(configuration.maxWaiting) callers wait for a connection")
            }
            return nil
        }
        if let refusal { throw refusal }
        do throws(PostgresError) {
            return try await withTimeout(reply)
        } catch {
            state.withLock { $0.waiting.removeAll { $0 === reply } }
            throw error
        }
    }

    private func withTimeout(_ reply: PostgresReply<PostgresConnection>) async throws(PostgresError)
        -> PostgresConnection
    {
        let time = configuration.poolTimeout
        let result = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await EventLoopTimer.sleep(for: time) } catch { return }
                reply.complete(.failure(PostgresError(.poolTimeout, "no connection became free within \(time)")))
            }
            defer { group.cancelAll() }
            do throws(PostgresError) {
                return Result<PostgresConnection, PostgresError>.success(try await reply.wait())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// On the connection's thread.
    ///
    /// The longest waiting caller gets it, unless that one has gone.
    private func takeBack(_ connection: isolated PostgresConnection) {
        while true {
            let (next, isClosed) = state.withLock { state -> (PostgresReply<PostgresConnection>?, Bool) in
                if !state.waiting.isEmpty { return (state.waiting.removeFirst(), false) }
                if !state.isClosed { state.free.append(connection) }
                return (nil, state.isClosed)
            }
            if isClosed { connection.disconnect() }
            guard let next, !next.complete(.success(connection)) else { return }
        }
    }
}
