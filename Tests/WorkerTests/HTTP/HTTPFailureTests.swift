import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPFailureTests {
    /// The error of an exchange, from `collect` and from `stream`, which must agree.
    ///
    /// `nil` when it succeeded.
    private func code(
        _ request: HTTPRequest, _ configuration: HTTPClientConfiguration = .init()
    ) async throws -> HTTPError.Code? {
        let client = try HTTPClient(configuration: configuration)
        let whole = await failureCode { _ = try await client.collect(request) }
        let streamed = await failureCode { _ = try await client.stream(request).whole() }
        await client.shutdown()
        #expect(whole == streamed)
        return whole
    }

    @Test(arguments: [
        "Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "Transfer-Encoding: chunked\r\n\r\nff\r\nhello",
    ]) func `a body that ends early is cut`(rest: String) async throws {
        let stub = try ProviderStub.start { _ in StubReply([.text("HTTP/1.1 200 OK\r\n" + rest), .close]) }

        #expect(try await code(HTTPRequest(url: stub.url)) == .cut)
    }

    @Test func `what came before the cut is delivered first`() async throws {
        let stub = try ProviderStub.start { _ in .sse(["one", "two"], after: [0: [.close]]) }
        let client = try HTTPClient()
        let stream = try await client.stream(HTTPRequest(url: stub.url))

        // The first bytes may come with the error already known behind them.
        #expect(try await stream.next() == Array("data: one\n\n".utf8))
        #expect(await failureCode { _ = try await stream.next() } == .cut)
        #expect(await failureCode { _ = try await stream.next() } == .cut)
        await client.shutdown()
    }

    @Test func `a reset within the body is a cut`() async throws {
        let stub = try ProviderStub.start { _ in .sse(["one", "two"], after: [0: [.reset]]) }

        #expect(try await code(HTTPRequest(url: stub.url)) == .cut)
    }

    @Test func `a connection that ends without an answer is a cut`() async throws {
        let stub = try ProviderStub.start { _ in StubReply([.close]) }

        #expect(try await code(HTTPRequest(url: stub.url)) == .cut)
    }

    @Test func `a request is not sent again when its kept connection ends without an answer`() async throws {
        let stub = try ProviderStub.start { $0.index == 0 ? .json("{}") : StubReply([.close]) }
        let client = try HTTPClient()
        _ = try await client.collect(HTTPRequest(url: stub.url))

        #expect(await failureCode { _ = try await client.collect(HTTPRequest(url: stub.url, body: [1])) } == .cut)

        #expect(stub.counters.requests == 2)
        #expect(stub.requests.last?.connection == 1)
        await client.shutdown()
    }

    @Test func `a refused connection is named so`() async throws {
        let port = try FreePort.find()

        #expect(try await code(HTTPRequest(url: "http://127.0.0.1:\(port)")) == .connect)
    }

    @Test func `an unknown host is named so`() async throws {
        #expect(try await code(HTTPRequest(url: "http://no-such-host.invalid")) == .dns)
    }

    @Test func `an answer over the limit is refused`() async throws {
        let stub = try ProviderStub.start { _ in .bytes([UInt8](repeating: 1, count: 5000)) }

        #expect(try await code(HTTPRequest(url: stub.url, maxResponseBytes: 4999)) == .tooLarge)
        #expect(try await code(HTTPRequest(url: stub.url, maxResponseBytes: 5000)) == nil)
    }

    @Test(arguments: ["+OK ready\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"])
    func `an answer that is not HTTP is not blamed on the request`(answer: String) async throws {
        let stub = try ProviderStub.start { _ in StubReply([.text(answer), .close]) }

        #expect(try await code(HTTPRequest(url: stub.url)) == .other)
    }

    @Test(arguments: ["http://", "http://:80/", "https://h:port/"])
    func `a URL without a host to call is refused`(url: String) async throws {
        #expect(try await code(HTTPRequest(url: url)) == .invalidRequest)
    }

    @Test func `a head without end is refused`() async throws {
        let line = "X-Long: " + String(repeating: "a", count: 1000)
        let stub = try ProviderStub.start { _ in
            StubReply([.text("HTTP/1.1 200 OK\r\n")] + [StubReply.Step](repeating: .text(line + "\r\n"), count: 90))
        }

        #expect(try await code(HTTPRequest(url: stub.url)) == .tooLarge)
    }

    @Test(arguments: [
        (HTTPRequest(method: "GET\r\nX: 1", url: "http://h"), "method"),
        (HTTPRequest(method: "", url: "http://h"), "method"),
        (HTTPRequest(url: "http://h/a b"), "url"),
        (HTTPRequest(url: "http://h/\u{0}"), "url"),
        (HTTPRequest(url: "file:///etc/passwd"), "url"),
        (HTTPRequest(url: "http://h", headers: [("A", "b"), ("X-Key", "a\r\nB: c")]), "headers[1]"),
        (HTTPRequest(url: "http://h", headers: [("X\nY", "a")]), "headers[0]"),
        (HTTPRequest(url: "http://h", headers: [("X:", "a")]), "headers[0]"),
        (HTTPRequest(url: "http://h", headers: [("X", "a\u{0}")]), "headers[0]"),
    ]) func `what could smuggle a second request is refused by the name of its field`(
        request: HTTPRequest, field: String
    ) async throws {
        let client = try HTTPClient()

        await #expect { try await client.collect(request) } throws: { error in
            guard let error = error as? HTTPError else { return false }
            return error.code == .invalidRequest && error.description.hasPrefix(field + ":")
        }
        await client.shutdown()
    }

    @Test func `a header's name holds visible ASCII but separators`() {
        let separators = Array(#"():;,<>@/\?="[]{}"#.unicodeScalars)
        for value in UInt32(0)...0x100 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let request = HTTPRequest(url: "http://h", headers: [("X\(Character(scalar))", "a")])
            let isName = (33...126).contains(value) && !separators.contains(scalar)

            #expect(((try? request.check()) != nil) == isName)
        }
    }

    @Test func `the error's text names nothing of the request`() async throws {
        let port = try FreePort.find()
        let client = try HTTPClient()
        let request = HTTPRequest(
            url: "http://127.0.0.1:\(port)/path?key=query-secret", headers: [("Authorization", "header-secret")])

        await #expect { try await client.collect(request) } throws: { error in
            !"\(error)".contains("secret") && !String(reflecting: error).contains("secret")
        }
        await client.shutdown()
    }
}
