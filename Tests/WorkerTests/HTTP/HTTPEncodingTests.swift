import Foundation
import Shared
import TestSupport
import Testing

@testable import Worker

/// Answers that come packed although nobody asked.
@Suite(.timeLimit(.minutes(1))) struct HTTPEncodingTests {
    private static let plain = Array(#"{"a":"你好"}"#.utf8)
    private static let packed = [
        ("gzip", "H4sIAAAAAAACA6tWSlSyUnqyd8HTpXuVagEbMjqYDgAAAA=="),
        ("x-gzip", "H4sIAAAAAAACA6tWSlSyUnqyd8HTpXuVagEbMjqYDgAAAA=="),
        ("deflate", "eJyrVkpUslJ6snfB06V7lWoBLAoGpA=="), ("deflate", "q1ZKVLJSerJ3wdOle5VqAQ=="),
        ("br", "iwaAeyJhIjoi5L2g5aW9In0D"), ("zstd", "KLUv/SAOcQAAeyJhIjoi5L2g5aW9In0="),
        ("GZIP, br", "ixCAH4sIAAAAAAACA6tWSlSyUnqyd8HTpXuVagEbMjqYDgAAAAM="),
    ]
    /// Five million letters.
    private static let bombs = [
        ("br", "mz9LTPglwuKxQCBfiAk="),
        (
            "zstd",
            "KLUv/aBAS0wATAAACGEBAPz/ORACAgAQ" + String(repeating: "YQIAEGECABBhAgAQ", count: 12) + "YQNaAmE="
        ),
    ]

    private static func bytes(_ text: String) throws -> [UInt8] { Array(try #require(Data(base64Encoded: text))) }

    private func exchange(
        _ reply: StubReply, maxBytes: Int = 1 << 20
    ) async throws -> (whole: Result<HTTPResponse, HTTPError>, streamed: Result<[UInt8], HTTPError>) {
        let stub = try ProviderStub.start { _ in reply }
        let client = try HTTPClient()
        let request = HTTPRequest(url: stub.url, maxResponseBytes: maxBytes)
        let whole: Result<HTTPResponse, HTTPError>
        do throws(HTTPError) { whole = .success(try await client.collect(request)) } catch { whole = .failure(error) }
        let streamed: Result<[UInt8], HTTPError>
        do throws(HTTPError) { streamed = .success(try await client.stream(request).whole()) } catch {
            streamed = .failure(error)
        }
        await client.shutdown()
        return (whole, streamed)
    }

    @Test(arguments: packed)
    func `what is packed unasked is unpacked`(_ name: String, _ body: String) async throws {
        let reply = StubReply.bytes(try Self.bytes(body), headers: [("Content-Encoding", name)])

        let (whole, streamed) = try await exchange(reply)

        #expect(try whole.get().body == Self.plain)
        #expect(try streamed.get() == Self.plain)
    }

    @Test(arguments: ["utf-8", "UTF-8", "identity", "none", "", "8bit, chunked"])
    func `what is no packing at all is read as it is`(_ name: String) async throws {
        let (whole, streamed) = try await exchange(.bytes(Self.plain, headers: [("Content-Encoding", name)]))

        #expect(try whole.get().body == Self.plain)
        #expect(try streamed.get() == Self.plain)
    }

    @Test(arguments: bombs)
    func `what unpacks to more than the limit is refused`(_ name: String, _ body: String) async throws {
        let reply = StubReply.bytes(try Self.bytes(body), headers: [("Content-Encoding", name)])

        let (whole, streamed) = try await exchange(reply, maxBytes: 1_000_000)

        #expect(throws: HTTPError(.tooLarge, "the answer is larger than 1000000 bytes")) { try whole.get() }
        #expect(throws: HTTPError(.tooLarge, "the answer is larger than 1000000 bytes")) { try streamed.get() }
    }

    @Test func `what unpacks to less than the limit is read while its reader is slow`() async throws {
        let (name, body) = Self.bombs[0]
        let stub = try ProviderStub.start { _ in
            .bytes(Array(Data(base64Encoded: body) ?? Data()), headers: [("Content-Encoding", name)])
        }
        let client = try HTTPClient()
        let stream = try await client.stream(HTTPRequest(url: stub.url))
        var count = 0
        while let bytes = try await stream.next() {
            count += bytes.count
            try await EventLoopTimer.sleep(for: .milliseconds(20))
        }
        #expect(count == 5_000_000)
        await client.shutdown()
    }

    @Test(arguments: ["compress", "x-snappy-framed", "gzip", "gzip, lzma", "\u{1B}[31mred"])
    func `what cannot be unpacked is refused by its name`(_ name: String) async throws {
        let (whole, streamed) = try await exchange(
            .bytes(Array("not packed".utf8), headers: [("Content-Encoding", name)]))

        for result in [whole.map(\.body), streamed] {
            let error = #expect(throws: HTTPError.self) { try result.get() }
            #expect(error?.code == .encoding)
            #expect(error?.description.contains(name.split(separator: "\u{1B}[").joined()) == true)
        }
    }

    @Test func `a refusal that cannot be unpacked is still a refusal`() async throws {
        let (whole, _) = try await exchange(
            .bytes(Array("no".utf8), status: 429, headers: [("Content-Encoding", "lzma"), ("Retry-After", "7")]))

        let response = try whole.get()
        #expect(response.head.status == 429)
        #expect(response.head.header("retry-after") == "7")
        #expect(response.body.isEmpty)
    }

    @Test func `a packed stream is read as it comes`() async throws {
        let plain = Array("data: one\n\ndata: two\n\n".utf8)
        // Two flushed blocks, which need no compressor.
        let stored = { @Sendable (bytes: ArraySlice<UInt8>, isLast: Bool) -> [UInt8] in
            let count = UInt8(bytes.count)
            return [isLast ? 1 : 0, count, 0, ~count, 0xFF] + bytes
        }
        let gate = Gate()
        let stub = try ProviderStub.start { _ in
            let head = "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nConnection: close\r\n\r\n"
            return StubReply([
                .bytes(Array(head.utf8) + stored(plain[..<11], false)), .waitFor(gate),
                .bytes(stored(plain[11...], true)), .close,
            ])
        }
        let client = try HTTPClient()
        let stream = try await client.stream(HTTPRequest(url: stub.url))

        #expect(try await stream.next() == Array(plain[..<11]))
        gate.release()
        #expect(try await stream.whole() == Array(plain[11...]))
        await client.shutdown()
    }
}
