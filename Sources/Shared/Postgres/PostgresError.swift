/// Why a statement has no result. The description holds no value of any parameter: PostgreSQL's DETAIL stays out of it.
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// No server, or the connection was lost: nothing was committed, unless the loss came in reply to a COMMIT.
        case unavailable
        /// Longer than `statement_timeout`.
        case timeout
        case constraint
        /// 40001 or 40P01: the same transaction will succeed when repeated.
        case serializationOrDeadlock
        case server
        /// The result is not what the caller reads it as.
        case decoding
        /// Too many wait for a connection.
        case overloaded
        /// A parameter PostgreSQL cannot hold (a NUL byte).
        case parameter
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

    init(sqlState: String, message: String) {
        self.sqlState = sqlState
        self.message = message
        code =
            switch sqlState {
            case "57014": .timeout
            case "40001", "40P01": .serializationOrDeadlock
            case let state where state.hasPrefix("23"): .constraint
            case let state where state.hasPrefix("08") || state.hasPrefix("57P"): .unavailable
            default: .server
            }
    }

    package var description: String { "PostgreSQL: \(message)\(sqlState.map { " (\($0))" } ?? "")" }
}
