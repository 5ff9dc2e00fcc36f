import NIOCore

/// A command as Redis reads it: a RESP array of byte strings, encoded while it is built, binary safe.
package struct RedisCommand: Sendable {
    private(set) var count = 0
    private(set) var arguments: ByteBuffer

    package init(_ name: String, _ arguments: RedisArgument...) {
        self.init(name, arguments)
    }

    package init(_ name: String, _ arguments: [RedisArgument]) {
        self.arguments = ByteBufferAllocator().buffer(capacity: 64 + arguments.count * 48)
        append(.string(name))
        for argument in arguments { append(argument) }
    }

    package mutating func append(_ argument: RedisArgument) {
        count += 1
        switch argument {
        case .string(let text):
            writeHead("$", text.utf8.count)
            arguments.writeString(text)
        case .int(let value):
            let text = String(value)
            writeHead("$", text.utf8.count)
            arguments.writeString(text)
        case .bytes(let bytes):
            writeHead("$", bytes.count)
            arguments.writeBytes(bytes)
        }
        arguments.writeStaticString("\r\n")
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("*")
        buffer.writeString(String(count))
        buffer.writeStaticString("\r\n")
        buffer.writeImmutableBuffer(arguments)
    }

    private mutating func writeHead(_ kind: StaticString, _ length: Int) {
        arguments.writeStaticString(kind)
        arguments.writeString(String(length))
        arguments.writeStaticString("\r\n")
    }
}

package enum RedisArgument: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    case string(String)
    case bytes([UInt8])
    case int(Int64)

    package init(stringLiteral value: String) { self = .string(value) }

    package static func int(_ value: Int) -> RedisArgument { .int(Int64(value)) }
}
