import NIOCore
import Testing

@testable import Shared

@Suite struct RedisCommandTests {
    private func text(_ command: RedisCommand) -> String {
        var buffer = ByteBuffer()
        command.write(to: &buffer)
        return String(buffer: buffer)
    }

    @Test func `arguments are counted and measured in bytes`() {
        let command = RedisCommand("SET", "k", .string("é"), .bytes([0x0D, 0x0A, 0]), .int(-12))
        #expect(
            text(command)
                == "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\né\r\n$3\r\n\r\n\0\r\n$3\r\n-12\r\n")
    }

    @Test func `arguments that were encoded ahead go in as they are`() {
        var command = RedisCommand("EVALSHA", "hash", .int(0))
        command.append(RedisArguments(["a", .int(10)]))
        #expect(text(command) == text(RedisCommand("EVALSHA", "hash", .int(0), "a", .int(10))))
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 101, 1_000_000_007, Int64.max, Int64.min, -1, -10])
    func `numbers are their decimal digits`(number: Int64) {
        var bytes: [UInt8] = []
        bytes.append(decimal: number)
        #expect(String(decoding: bytes, as: UTF8.self) == String(number))
        #expect(text(RedisCommand("N", .int(number))).hasSuffix("\r\n$\(String(number).count)\r\n\(number)\r\n"))
    }
}
