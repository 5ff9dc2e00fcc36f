import Testing

@testable import Shared

@Suite struct RedisReplyParserTests {
    private func parse(_ pieces: [[UInt8]], maxReplyBytes: Int = 1 << 20) throws -> [RedisValue] {
        let parser = try RedisReplyParser(maxReplyBytes: maxReplyBytes)
        var replies: [RedisValue] = []
        for piece in pieces {
            try piece.withUnsafeBytes { try parser.feed($0) }
            while let reply = try parser.next() { replies.append(reply) }
        }
        return replies
    }

    private func parse(_ text: String, maxReplyBytes: Int = 1 << 20) throws -> [RedisValue] {
        try parse([Array(text.utf8)], maxReplyBytes: maxReplyBytes)
    }

    @Test(
        arguments: [
            ("+OK\r\n", .status("OK")), (":-42\r\n", .integer(-42)), (":9223372036854775807\r\n", .integer(.max)),
            ("-ERR no\r\n", .error("ERR no")), ("$-1\r\n", .null), ("*-1\r\n", .null), ("$0\r\n\r\n", .bulk([])),
            ("$2\r\n\r\n\r\n", .bulk([13, 10])), ("*0\r\n", .list([])),
            ("*3\r\n$1\r\na\r\n*1\r\n:1\r\n$-1\r\n", .list([.bulk([97]), .list([.integer(1)]), .null])),
        ] as [(String, RedisValue)])
    func `each kind of reply is read`(_ text: String, _ expected: RedisValue) throws {
        #expect(try parse(text) == [expected])
    }

    private static let stream = "+OK\r\n*2\r\n$3\r\na\r\n\r\n*2\r\n:1\r\n-ERR x\r\n$-1\r\n:7\r\n"
    private static let replies: [RedisValue] = [
        .status("OK"), .list([.bulk([97, 13, 10]), .list([.integer(1), .error("ERR x")])]), .null, .integer(7),
    ]

    @Test func `it does not matter where the network splits replies`() throws {
        let bytes = Array(Self.stream.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map { Array($0) }
                #expect(try parse(pieces) == Self.replies, "split at \(first) and \(second)")
            }
        }
        #expect(try parse(bytes.map { [$0] }) == Self.replies)
    }

    @Test func `every byte value survives`() throws {
        let all = (0...255).map { UInt8($0) }
        #expect(try parse([Array("$256\r\n".utf8) + all + [13, 10]]) == [.bulk(all)])
    }

    @Test func `nesting as deep as any command answers is read, deeper is refused`() throws {
        let deep = { String(repeating: "*1\r\n", count: $0) + ":1\r\n" }

        #expect(try parse(deep(6)).count == 1)

        let error = #expect(throws: RedisError.self) { try parse(deep(100)) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func `a reply larger than the limit is refused before it is complete`() throws {
        let error = #expect(throws: RedisError.self) {
            try parse("$2000\r\n" + String(repeating: "a", count: 1200), maxReplyBytes: 1000)
        }
        #expect(error?.code == .replyTooLarge)
    }

    @Test func `many small replies together may be larger than the limit`() throws {
        let one = Array("$5\r\nhello\r\n".utf8)
        #expect(try parse(Array(repeating: one, count: 500), maxReplyBytes: 1000).count == 500)
    }

    @Test(arguments: [
        "x\r\n", "HTTP/1.1 400 Bad Request\r\n", "$-2\r\n", "*-5\r\n", "$x\r\n", ":\r\n", ":1a\r\n",
        ":99999999999999999999\r\n", "$99999999999999999999\r\n", "*99999999999999999999\r\n", "*4294967296\r\n",
    ])
    func `what is not Redis' protocol is refused`(_ text: String) {
        let error = #expect(throws: RedisError.self) { try parse(text) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func `an array that claims more elements than its bytes could hold takes no memory for them`() throws {
        let error = #expect(throws: RedisError.self) { try parse("*2000000000\r\n", maxReplyBytes: 1 << 20) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func `random bytes never crash the parser`() throws {
        let alphabet = Array("*$:+-0123456789\r\n\0a".utf8)
        for _ in 0..<5000 {
            let noise = (0..<Int.random(in: 1...60)).map { _ in alphabet.randomElement() ?? 0 }
            do { _ = try parse([noise]) } catch let error as RedisError {
                #expect(error.code == .protocolViolation || error.code == .replyTooLarge)
            }
        }
    }
}
