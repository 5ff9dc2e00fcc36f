/// The address of PostgreSQL, and times to wait for it.
///
/// Prints nothing of the URL.
package struct PostgresConfiguration: Sendable {
    /// A URL or `name=value` settings, handed to libpq as they are.
    package var url: Secret
    /// Connections of one process.
    ///
    /// The ledger and the catalogue need one each, and administration two more.
    package var poolSize = 4
    /// As libpq counts it: whole seconds, at least 2, and per address of the host.
    package var connectTimeout = Duration.seconds(5)
    /// No statement of this service takes longer, unless it waits for a lock that should not be there.
    package var statementTimeout = Duration.seconds(10)
    /// Added to `statementTimeout` until a server that does not answer at all is given up.
    package var answerGrace = Duration.seconds(5)
    /// Time for which a caller may wait for a free connection, as long as one statement may take.
    package var poolTimeout = Duration.seconds(10)
    /// Callers that may wait for a connection.
    ///
    /// Beyond that the database cannot follow, and more waiting does not help.
    package var maxWaiting = 1000

    /// Measures what callers ask for, or `nil` where nobody looks.
    package var metrics: PostgresMetrics?

    package init(url: Secret) { self.url = url }

    package static let expected =
        "postgresql://[user[:password]@]host[:port][/database], or name=value settings of libpq"

    /// Throws `configuration` where libpq cannot read the URL, without connecting.
    package func check() throws(PostgresError) {
        guard PostgresHandle.canRead(url.reveal()) else {
            throw PostgresError(.configuration, "DATABASE_URL: expected \(Self.expected)")
        }
    }

    /// libpq's own keywords.
    ///
    /// `dbname` takes a whole URL, whose settings win over ours that come before it.
    var connectionSettings: [(String, String)] {
        [
            ("application_name", "ai-model-service"), ("client_encoding", "UTF8"),
            ("connect_timeout", String(max(2, connectTimeout.components.seconds))),
            // A dead host is noticed after 25 s of silence, or 15 s after something was sent to it.
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
            ("tcp_user_timeout", String((statementTimeout + answerGrace).milliseconds)),
            ("options", "-c statement_timeout=\(statementTimeout.milliseconds) -c TimeZone=UTC -c DateStyle=ISO"),
            ("dbname", url.reveal()),
        ]
    }
}
