import NIOCore

/// A command as Redis reads it: a RESP array of byte strings, encoded while it is built, binary safe.
package struct RedisCommand: Sendable {
    private var arguments: RedisArguments
    /// `WAIT`, which is about the commands before it on the same connection.
    let isWait: Bool

    package init(_ name: String, _ arguments: RedisArgument...) {
        self.init(name, arguments)
    }

    package init(_ name: String, _ arguments: [RedisArgument]) {
        self.arguments = RedisArguments([.string(name)] + arguments)
        isWait = name == "WAIT"
    }

    package mutating func append(_ argument: RedisArgument) { arguments.append(argument) }
    package mutating func append(_ more: RedisArguments) { arguments.append(more) }

    func write(to buffer: inout ByteBuffer) {
        var head: [UInt8] = [UInt8(ascii: "*")]
        head.append(decimal: arguments.count)
        head.append(contentsOf: "\r\n".utf8)
        buffer.writeBytes(head)
        buffer.writeBytes(arguments.bytes)
    }
}

/// Arguments of a command, encoded while they are appended.
package struct RedisArguments: Sendable {
    package private(set) var count = 0
    private(set) var bytes: [UInt8] = []

    /// `capacity` in bytes.
    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    package init(_ arguments: [RedisArgument]) {
        self.init(capacity: arguments.count * 64)
        for argument in arguments { append(argument) }
    }

    package mutating func append(_ argument: RedisArgument) {
        count += 1
        switch argument {
        case .string(let text):
            begin(text.utf8.count)
            bytes.append(contentsOf: text.utf8)
        case .int(let value):
            let digits = String(value)
            begin(digits.utf8.count)
            bytes.append(contentsOf: digits.utf8)
        case .bytes(let value):
            begin(value.count)
            bytes.append(contentsOf: value)
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }

    package mutating func append(_ more: RedisArguments) {
        count += more.count
        bytes.append(contentsOf: more.bytes)
    }

    private mutating func begin(_ length: Int) {
        bytes.append(UInt8(ascii: "$"))
        bytes.append(decimal: length)
        bytes.append(contentsOf: "\r\n".utf8)
    }
}

package enum RedisArgument: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    case string(String)
    case bytes([UInt8])
    case int(Int64)

    package init(stringLiteral value: String) { self = .string(value) }

    package static func int(_ value: Int) -> RedisArgument { .int(Int64(value)) }
}
