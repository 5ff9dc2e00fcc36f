/// One connection to PostgreSQL, on a thread of its own, since libpq blocks.
///
/// Connects when first used, and again when broken.
package actor PostgresConnection {
    private let executor: ThreadExecutor
    // unsafe: the reference is unowned, and the actor holds the executor for as long as it lives.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let settings: [(String, String)]
    private let usualPatience: Duration
    private var patience: Duration
    private var handle: PostgresHandle?
    private var isInTransaction = false

    package init(_ configuration: PostgresConfiguration) {
        executor = ThreadExecutor(name: "postgres")
        settings = configuration.connectionSettings
        usualPatience = configuration.statementTimeout + configuration.answerGrace
        patience = usualPatience
    }

    /// One statement.
    ///
    /// Only with `$1`, `$2`, … for values.
    @discardableResult
    package func query(_ sql: String, _ parameters: [PostgresParameter] = []) throws(PostgresError) -> PostgresRows {
        try connect()
        do throws(PostgresError) {
            guard let rows = try handle?.execute(sql, parameters, patience: patience) else { throw .connectionLost }
            return rows
        } catch {
            if error.code == .unavailable { disconnect() }
            throw error
        }
    }

    /// Several statements without parameters.
    package func script(_ sql: String) throws(PostgresError) {
        try connect()
        do throws(PostgresError) { try handle?.executeScript(sql, patience: patience) } catch {
            if error.code == .unavailable { disconnect() }
            throw error
        }
    }

    /// All or nothing: commits when `body` returns, rolls back when it throws.
    ///
    /// `body` runs whole on this connection.
    package func transaction<Value: Sendable>(
        _ body: (isolated PostgresConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        precondition(!isInTransaction, "transactions do not nest")
        try query("BEGIN")
        isInTransaction = true
        defer { isInTransaction = false }
        do throws(PostgresError) {
            let value = try body(self)
            // A transaction whose error `body` swallowed is rolled back by COMMIT, which reports success all the same.
            guard try query("COMMIT").tag == "COMMIT" else {
                throw PostgresError(.server, "the transaction had failed and was rolled back")
            }
            return value
        } catch {
            rollBack()
            throw error
        }
    }

    private func rollBack() {
        guard handle?.isInTransaction == true else { return }
        // A connection that cannot roll back is given up, and the server rolls back by itself.
        do throws(PostgresError) { try query("ROLLBACK") } catch { disconnect() }
    }

    /// Lets statements of this session take longer, until `disconnect`: migrations.
    package func allow(_ time: Duration) throws(PostgresError) {
        try query("SELECT set_config('statement_timeout', $1, false)", [.text(String(time.milliseconds))])
        patience = time + usualPatience
    }

    /// Ends the session, and with it its locks and settings.
    package func disconnect() {
        handle = nil
        patience = usualPatience
    }

    private func connect() throws(PostgresError) {
        if isInTransaction {
            // Never again within a transaction: what follows would run outside it.
            guard handle != nil else { throw .connectionLost }
            return
        }
        if handle?.isStale == true { disconnect() }
        if handle == nil { handle = try PostgresHandle.connected(settings) }
    }

    /// Runs `work` on this connection's thread, after what was given to it before, and returns at once.
    nonisolated func submit(_ work: @escaping @Sendable (isolated PostgresConnection) -> Void) {
        executor.run { self.assumeIsolated { connection in work(connection) } }
    }
}
