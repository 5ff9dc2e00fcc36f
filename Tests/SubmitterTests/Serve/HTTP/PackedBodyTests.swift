import Shared
import TestSupport
import Testing

@testable import Submitter

/// Bodies as clients compress them.
///
/// The bytes were made by Python's gzip and zlib.
@Suite struct PackedBodyTests {
    /// The request `ShimFixture.chat`.
    private static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 205, 79, 73, 205, 81, 178, 82, 202, 85, 210, 81, 202,
        77, 45, 46, 78, 76, 79, 45, 86, 178, 138, 174, 86, 42, 202, 207, 73, 5, 138, 151, 22, 167, 22, 1,
        165, 146, 243, 243, 74, 82, 243, 74, 128, 2, 25, 153, 74, 181, 177, 181, 0, 239, 53, 194, 84, 57, 0,
        0, 0,
    ]
    private static let zlib: [UInt8] = [
        120, 218, 171, 86, 202, 205, 79, 73, 205, 81, 178, 82, 202, 85, 210, 81, 202, 77, 45, 46, 78, 76,
        79, 45, 86, 178, 138, 174, 86, 42, 202, 207, 73, 5, 138, 151, 22, 167, 22, 1, 165, 146, 243, 243,
        74, 82, 243, 74, 128, 2, 25, 153, 74, 181, 177, 181, 0, 28, 157, 18, 216,
    ]
    private static let bare: [UInt8] = [
        171, 86, 202, 205, 79, 73, 205, 81, 178, 82, 202, 85, 210, 81, 202, 77, 45, 46, 78, 76, 79, 45, 86,
        178, 138, 174, 86, 42, 202, 207, 73, 5, 138, 151, 22, 167, 22, 1, 165, 146, 243, 243, 74, 82, 243,
        74, 128, 2, 25, 153, 74, 181, 177, 181, 0,
    ]
    /// A megabyte of blanks.
    private static let bomb: [UInt8] =
        [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 49, 1, 0, 0, 0, 194, 160, 42, 235, 159, 210, 16, 190, 64, 1]
        + Array(repeating: 0, count: 1015)
        + [124, 6, 167, 2, 3, 241, 0, 0, 16, 0]

    private func send(_ shim: ShimFixture, _ encoding: String, _ bytes: [UInt8]) async throws -> RawConnection {
        let caller = try await shim.connect()
        try await caller.send(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-encoding: \(encoding)\r\n"
                + "content-length: \(bytes.count)\r\n\r\n")
        try await caller.send(bytes: bytes)
        return caller
    }

    @Test(arguments: [
        ("gzip", gzip), ("GZip", gzip), ("x-gzip", gzip), ("deflate", zlib), ("deflate", bare),
        ("identity", Array(ShimFixture.chat.utf8)),
    ])
    func `a packed body is read`(_ encoding: String, _ bytes: [UInt8]) async throws {
        try await ShimFixture.run { shim in
            let caller = try await send(shim, encoding, bytes)
            try await shim.work().finish("{}")
            #expect(try await caller.response().status == 200)
        }
    }

    @Test func `a body that is small until it is unpacked is too large`() async throws {
        try await ShimFixture.run(configure: { $0.requests.maxBodyBytes = 100_000 }) { shim in
            let refused = try await send(shim, "gzip", Self.bomb).response()
            #expect(refused.status == 413)
            #expect(try await shim.queued() == 0)
        }
    }

    @Test(arguments: [Array(gzip.dropLast(4)), Array(gzip.prefix(12)), gzip + [1], [UInt8](), Array("{}".utf8)])
    func `a damaged body is refused by name`(_ bytes: [UInt8]) async throws {
        try await ShimFixture.run { shim in
            let refused = try await send(shim, "gzip", bytes).response()
            #expect(refused.status == 400)
            #expect(refused.text.contains("invalid_content_encoding"))
        }
    }

    @Test(arguments: ["br", "zstd", "gzip, gzip", "aws-chunked"])
    func `an encoding that is not known is refused with those that are`(_ encoding: String) async throws {
        try await ShimFixture.run { shim in
            let refused = try await send(shim, encoding, Self.gzip).response()
            #expect(refused.status == 415)
            #expect(refused.headers["accept-encoding"] == "gzip, deflate")
        }
    }

    @Test func `several members are one text, and pieces are bounded`() throws {
        let inflater = try Inflater(Self.gzip + Self.gzip)
        var text: [UInt8] = []
        while let piece = try inflater.next() { text += piece }
        #expect(String(decoding: text, as: UTF8.self) == ShimFixture.chat + ShimFixture.chat)
        let bomb = try Inflater(Self.bomb)
        var sizes: [Int] = []
        while let piece = try bomb.next() { sizes.append(piece.count) }
        #expect(sizes.reduce(0, +) == 1 << 20)
        #expect(sizes.allSatisfy { $0 <= 65536 })
    }
}
