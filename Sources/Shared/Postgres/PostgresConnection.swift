/// One connection to PostgreSQL, on a thread of its own, since libpq blocks. Connects when first used, and again when broken.
package actor PostgresConnection {
    private let executor: ThreadExecutor
    // unsafe: the reference is unowned; the actor holds the executor for as long as it lives.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private let settings: [(String, String)]
    private var handle: PostgresHandle?

    package init(_ configuration: PostgresConfiguration) {
        executor = ThreadExecutor(name: "postgres")
        settings = configuration.connectionSettings
    }

    /// One statement. Only with `$1`, `$2`, … for values.
    package func query(_ sql: String, _ parameters: [PostgresParameter]) throws(PostgresError) -> PostgresRows {
        if handle?.isUsable != true {
            handle = nil
            handle = try PostgresHandle.connected(settings)
        }
        guard let result = try handle?.execute(sql, parameters) else {
            throw PostgresError(.unavailable, "not connected")
        }
        return result
    }

    /// Several statements without parameters.
    package func script(_ sql: String) throws(PostgresError) {
        _ = try query("SELECT 1", [])
        try handle?.executeScript(sql)
    }

    /// All or nothing: commits when `body` returns, rolls back when it throws. `body` runs whole on this connection.
    package func transaction<Value: Sendable>(
        _ body: @Sendable (isolated PostgresConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        _ = try query("BEGIN", [])
        do throws(PostgresError) {
            let value = try body(self)
            _ = try query("COMMIT", [])
            return value
        } catch {
            do throws(PostgresError) {
                if handle?.isInTransaction == true { _ = try query("ROLLBACK", []) }
            } catch {
                // A connection that cannot roll back is given up, and the server rolls back by itself.
                handle = nil
            }
            throw error
        }
    }

    package func disconnect() { handle = nil }
}

/// How to reach PostgreSQL. Prints nothing of the URL.
package struct PostgresConfiguration: Sendable {
    package var url: Secret
    /// Connections of one process. The ledger and the catalogue need one each; two more for administration.
    package var poolSize = 4
    package var connectTimeout = Duration.seconds(5)
    /// No statement of this service takes longer; a longer one is a lock that should not be there.
    package var statementTimeout = Duration.seconds(10)
    /// Callers that may wait for a connection.
    package var maxWaiting = 1000

    package init(url: Secret) { self.url = url }

    /// libpq's own keywords; `dbname` takes a whole URL, whose settings win over ours that come before it.
    var connectionSettings: [(String, String)] {
        [
            ("application_name", "ai-model-service"), ("client_encoding", "UTF8"),
            ("connect_timeout", String(max(2, connectTimeout.components.seconds))),
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", String((statementTimeout + .seconds(5)).milliseconds)),
            ("options", "-c statement_timeout=\(statementTimeout.milliseconds) -c TimeZone=UTC -c DateStyle=ISO"),
            ("dbname", url.reveal()),
        ]
    }
}
