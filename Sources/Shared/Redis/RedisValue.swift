/// One reply of Redis (RESP2), copied out of the parser.
package enum RedisValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case status(String)
    /// Binary safe.
    case bulk([UInt8])
    case list([RedisValue])
    /// The server's error text, first word a code such as `NOSCRIPT`.
    case error(String)

    package var int: Int64? {
        switch self {
        case .integer(let value): value
        case .bulk(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    /// The text of a status or a bulk that is UTF-8.
    package var string: String? {
        switch self {
        case .status(let text): text
        case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    package var bytes: [UInt8]? {
        switch self {
        case .bulk(let bytes): bytes
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    package var array: [RedisValue]? {
        guard case .list(let values) = self else { return nil }
        return values
    }

    /// The code of an error reply, as in `BUSYGROUP`.
    package var errorPrefix: String? {
        guard case .error(let text) = self else { return nil }
        return RedisError.prefix(of: text)
    }

    /// A write that a replica has refused, also where a script answers for many writes.
    var isReadOnly: Bool {
        switch self {
        case .error: errorPrefix == "READONLY"
        case .list(let values): values.contains { $0.errorPrefix == "READONLY" }
        default: false
        }
    }

    package func throwIfError() throws(RedisError) {
        if case .error(let text) = self { throw RedisError(reply: text) }
    }
}
