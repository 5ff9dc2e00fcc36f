/// The reason why a statement has no result.
///
/// The description holds no value of any parameter: PostgreSQL's DETAIL stays out of it, and so do primary messages of
/// the kinds that quote values.
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// No server, or the connection was lost: nothing was committed, unless the loss came in reply to a COMMIT.
        case unavailable
        /// Longer than `statement_timeout`.
        case timeout
        /// The caller was cancelled.
        ///
        /// The statement may still be executed: it ends by itself, after `statement_timeout` at most.
        case cancelled
        case constraint(name: String?)
        /// 40001 or 40P01: the same transaction will succeed when repeated.
        case serializationOrDeadlock
        /// The migrations have not run.
        case undefinedTable
        case server
        /// The result is not what the caller reads it as.
        case decoding
        /// No connection became free in time, or too many wait for one.
        case poolTimeout
        /// A parameter PostgreSQL cannot hold (a NUL byte).
        case parameter
        /// Only a person can mend it: the URL, the password, the name of the database, a changed migration.
        case configuration
    }

    package let code: Code
    package let message: String
    package let sqlState: String?

    package init(_ code: Code, _ message: String, sqlState: String? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
    }

    package var description: String { "PostgreSQL: \(message)\(sqlState.map { " (\($0))" } ?? "")" }

    /// True when the same values will be refused again, whatever else happens.
    package var isRefusedValue: Bool {
        switch code {
        case .parameter: true
        // A row without a partition is not at fault: the partition is.
        case .constraint: sqlState != "23514"
        default: sqlState?.hasPrefix("22") == true || sqlState?.hasPrefix("54") == true
        }
    }

    /// True when a row of the statement is to blame, so that another row may well be written.
    ///
    /// Faults of the server, the connection, our rights or the tables say nothing about a row.
    package var isRowsFault: Bool {
        if code == .parameter { return true }
        guard let sqlState else { return false }
        return !Self.classesElsewhere.contains(String(sqlState.prefix(2)))
    }

    /// https://www.postgresql.org/docs/15/errcodes-appendix.html: connection, unsupported, state of the transaction (a
    /// read-only standby), rights, no such database or schema, roll-back, tables that are not there, resources, locks,
    /// shutdown, the system's, an old snapshot, the server's configuration.
    private static let classesElsewhere: Set<String> = [
        "08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "72", "F0",
    ]

    static let connectionLost = PostgresError(.unavailable, "the connection to the database server was lost")
    static let noAnswer = PostgresError(.unavailable, "the database server does not answer")
}

extension PostgresError {
    /// From an error of the server.
    init(sqlState: String, message: String, constraint: String?) {
        self.sqlState = sqlState
        switch sqlState {
        case "57014": code = .timeout
        case "40001", "40P01": code = .serializationOrDeadlock
        case "42P01": code = .undefinedTable
        case let state where state.hasPrefix("23"): code = .constraint(name: constraint)
        case let state where state.hasPrefix("08") || state.hasPrefix("57P"): code = .unavailable
        default: code = .server
        }
        // Class 22 quotes the value ("invalid input syntax for type integer: …"), P0 is any text a function made up.
        let mayQuote = sqlState.hasPrefix("22") || sqlState.hasPrefix("P0")
        self.message = mayQuote ? "a value was refused" : message
    }

    /// From libpq's text about a connection that could not be made.
    ///
    /// It may quote a wrong URL, and so a password.
    init(refusal text: String, by place: String) {
        let reason = Self.refusals.first { text.contains($0.text) }
        code = reason?.code ?? .unavailable
        sqlState = nil
        message = "cannot connect to the database server at \(place): \(reason?.meaning ?? "the connection failed")"
    }

    /// Texts of libpq and the server, which have no code until libpq 16.
    ///
    /// The first that is found counts.
    private static let refusals: [(text: String, code: Code, meaning: String)] = [
        ("the database system is", .unavailable, "it is starting up or shutting down"),
        ("too many clients", .unavailable, "it has no connection left"),
        ("remaining connection slots", .unavailable, "it has no connection left"),
        ("authentication failed", .configuration, "user or password refused"),
        ("no password supplied", .configuration, "it wants a password"),
        ("pg_hba.conf", .configuration, "its pg_hba.conf does not admit us"),
        ("does not support SSL", .configuration, "it does not speak TLS"),
        ("certificate", .configuration, "its certificate, or ours, is not trusted"),
        ("\" does not exist", .configuration, "no such database or user"),
        ("Connection refused", .unavailable, "nobody listens there"),
        ("timeout expired", .unavailable, "no answer in time"),
        ("translate host name", .unavailable, "no such host"),
    ]
}
