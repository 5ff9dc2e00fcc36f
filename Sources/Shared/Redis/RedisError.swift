/// The reason why a command has no answer.
///
/// The description holds no argument of the command.
package struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Never sent: there was no connection within the command's time.
        case notConnected
        /// The connection ended before the reply: the command may or may not have run.
        case connectionLost
        /// No reply in time: the command may or may not have run, and the connection was given up.
        case timeout
        /// The server refused: see `prefix`.
        case server
        /// Not Redis, or not what was asked.
        case protocolViolation
        case replyTooLarge
        /// More is waiting to be sent than `maxPendingBytes`.
        case overloaded
        case cancelled
        case configuration
    }

    package let code: Code
    package let message: String
    /// The first word of the server's error, as in `OOM`, `NOSCRIPT`, `READONLY`.
    package let prefix: String?

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        prefix = nil
    }

    /// From an error reply.
    package init(reply text: String) {
        code = .server
        prefix = Self.prefix(of: text)
        // Redis echoes arguments of commands it does not know, and those could be anything.
        message = text.firstRange(of: ", with args").map { String(text[..<$0.lowerBound]) } ?? text
    }

    /// True when the command may have been executed, also where a reply came that could not be read.
    package var mayHaveRun: Bool {
        switch code {
        case .connectionLost, .timeout, .cancelled, .protocolViolation, .replyTooLarge: true
        case .notConnected, .server, .overloaded, .configuration: false
        }
    }

    /// True when the same command may succeed later: the connection's trouble, or a state of the server that passes.
    package var isTransient: Bool {
        switch code {
        case .notConnected, .connectionLost, .timeout, .overloaded: true
        case .server: Self.passing.contains(prefix ?? "")
        case .protocolViolation, .replyTooLarge, .cancelled, .configuration: false
        }
    }

    private static let passing: Set<String> = [
        "LOADING", "READONLY", "OOM", "MISCONF", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "BUSY", "NOREPLICAS",
        "UNBLOCKED", "MOVED", "ASK",
    ]

    package var description: String { "Redis: \(message)" }

    static func prefix(of text: String) -> String { String(text.prefix { $0 != " " }) }
}
