import Glibc
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPClientTests {
    @Test func `requests one after the other share a connection`() async throws {
        let stub = try ProviderStub.start { _ in .json(#"{"a":1}"#) }
        let client = try HTTPClient()

        for _ in 0..<5 {
            let response = try await client.collect(HTTPRequest(url: stub.url + "/v1", body: Array("{}".utf8)))
            #expect(response.head.status == 200)
            #expect(response.body == Array(#"{"a":1}"#.utf8))
        }

        #expect(stub.counters.connections == 1)
        await client.shutdown()
    }

    @Test func `a connection is used again after a stream was read to its end`() async throws {
        let stub = try ProviderStub.start { _ in .sse(["a", "b"]) }
        let client = try HTTPClient()

        for _ in 0..<3 { _ = try await client.stream(HTTPRequest(url: stub.url)).whole() }

        #expect(stub.counters.connections == 1)
        await client.shutdown()
    }

    @Test func `two hundred requests at once all get their own answer`() async throws {
        let stub = try ProviderStub.start { .bytes($0.body) }
        let client = try HTTPClient()

        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let body = Array("request \(number)".utf8)
                    return try await client.collect(HTTPRequest(url: stub.url, body: body)).body == body
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(right == 200)
        #expect(stub.counters.requests == 200)
        await client.shutdown()
    }

    @Test func `connections to one host stay below their limit`() async throws {
        let stub = try ProviderStub.start { _ in .json("{}") }
        var configuration = HTTPClientConfiguration()
        configuration.maxConnectionsPerHost = 3
        let client = try HTTPClient(configuration: configuration)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 { group.addTask { _ = try await client.collect(HTTPRequest(url: stub.url)) } }
            try await group.waitForAll()
        }

        #expect(stub.counters.requests == 30)
        #expect((1...3).contains(stub.counters.connections))
        await client.shutdown()
    }

    @Test func `the request arrives as it was given, with nothing of curl's own`() async throws {
        let stub = try ProviderStub.start { _ in .json("{}") }
        let client = try HTTPClient()
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }

        _ = try await client.collect(
            HTTPRequest(
                method: "PUT", url: stub.url + "/v1/a?b=c%20d",
                headers: [("Authorization", "Bearer k"), ("X-Empty", "")],
                body: body))

        let request = try await stub.request(0)
        #expect(request.method == "PUT")
        #expect(request.path == "/v1/a?b=c%20d")
        #expect(request.header("authorization") == "Bearer k")
        #expect(request.header("x-empty")?.isEmpty == true)
        #expect(request.header("accept-encoding") == "identity")
        #expect(request.header("expect") == nil)
        #expect(request.header("content-type") == nil)
        #expect(request.header("content-length") == "100000")
        #expect(request.body == body)
        await client.shutdown()
    }

    @Test(arguments: ["GET", "HEAD", "DELETE"]) func `a method without a body ends`(method: String) async throws {
        let stub = try ProviderStub.start { request in
            let head = StubReply.head(200, [("Content-Length", "2")])
            return StubReply([.bytes(request.method == "HEAD" ? head : head + Array("{}".utf8))])
        }
        let client = try HTTPClient()

        let response = try await client.collect(HTTPRequest(method: method, url: stub.url))

        #expect(response.body.count == (method == "HEAD" ? 0 : 2))
        #expect(try await stub.request(0).method == method)
        await client.shutdown()
    }

    @Test func `status and headers of a refusal come with its body`() async throws {
        let stub = try ProviderStub.start { _ in
            .json(#"{"error":1}"#, status: 429, headers: [("Retry-After", "7"), ("X-Twice", "a"), ("X-Twice", "b")])
        }
        let client = try HTTPClient()

        let response = try await client.collect(HTTPRequest(url: stub.url))

        #expect(response.head.status == 429)
        #expect(!response.head.isSuccess)
        #expect(response.head.header("RETRY-after") == "7")
        #expect(response.head.header("x-twice") == "a")
        #expect(response.head.header("absent") == nil)
        #expect(response.body == Array(#"{"error":1}"#.utf8))
        await client.shutdown()
    }

    @Test func `redirects are not followed`() async throws {
        let stub = try ProviderStub.start { _ in
            .json("", status: 302, headers: [("Location", "/elsewhere")])
        }
        let client = try HTTPClient()

        #expect(try await client.collect(HTTPRequest(url: stub.url)).head.status == 302)
        #expect(stub.counters.requests == 1)
        await client.shutdown()
    }

    @Test func `a body of five megabytes is whole`() async throws {
        let body = (0..<5 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let stub = try ProviderStub.start { _ in .bytes(body) }
        let client = try HTTPClient()

        #expect(try await client.collect(HTTPRequest(url: stub.url)).body == body)
        #expect(try await client.stream(HTTPRequest(url: stub.url)).whole() == body)
        await client.shutdown()
    }

    @Test func `an answer that comes byte by byte is whole`() async throws {
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello".utf8)
        let stub = try ProviderStub.start { _ in StubReply(answer.map { .bytes([$0]) }) }
        let client = try HTTPClient()

        let response = try await client.collect(HTTPRequest(url: stub.url))

        #expect(response.head.header("content-type") == "text/plain")
        #expect(response.body == Array("hello".utf8))
        await client.shutdown()
    }

    @Test func `chunks that come byte by byte are whole`() async throws {
        let stub = try ProviderStub.start { _ in .sse(["one", "two"], splitEvery: 1) }
        let client = try HTTPClient()

        let body = try await client.stream(HTTPRequest(url: stub.url)).whole()

        #expect(String(decoding: body, as: UTF8.self) == "data: one\n\ndata: two\n\n")
        await client.shutdown()
    }

    @Test func `interim answers are passed over`() async throws {
        let stub = try ProviderStub.start { _ in
            StubReply([.text("HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n")] + StubReply.json("{}").steps)
        }
        let client = try HTTPClient()

        let stream = try await client.stream(HTTPRequest(url: stub.url))

        #expect(stream.head.status == 200)
        #expect(stream.head.header("x-early") == nil)
        #expect(try await stream.whole() == Array("{}".utf8))
        await client.shutdown()
    }

    @Test func `no child process inherits a connection`() async throws {
        let stub = try ProviderStub.start { _ in .json("{}") }
        let client = try HTTPClient()
        _ = try await client.collect(HTTPRequest(url: stub.url))

        let connections = try OpenSockets.connected(toPort: stub.port)

        #expect(connections.count == 1)
        #expect(connections.allSatisfy { fcntl($0, F_GETFD) & FD_CLOEXEC != 0 })
        await client.shutdown()
    }
}
