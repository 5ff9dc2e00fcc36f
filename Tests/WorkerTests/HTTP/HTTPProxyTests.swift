import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPProxyTests {
    private func client(_ proxy: String) throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        configuration.proxy = proxy
        return try HTTPClient(configuration: configuration)
    }

    @Test func `plain requests go to the proxy with their whole URL`() async throws {
        let proxy = try ProviderStub.start { _ in .json("{}") }
        let client = try client(proxy.url)

        let response = try await client.collect(HTTPRequest(url: "http://platform.invalid/v1?a=b"))

        #expect(response.head.status == 200)
        #expect(try await proxy.request(0).path == "http://platform.invalid/v1?a=b")
        await client.shutdown()
    }

    @Test func `a proxy that refuses to connect is named so`() async throws {
        let proxy = try ProviderStub.start { _ in .json("no", status: 403) }
        let client = try client(proxy.url)

        #expect(
            await failureCode { _ = try await client.collect(HTTPRequest(url: "https://platform.invalid/v1")) }
                == .proxy)

        #expect(try await proxy.request(0).method == "CONNECT")
        #expect(try await proxy.request(0).path == "platform.invalid:443")
        await client.shutdown()
    }

    @Test func `a proxy that is not there is named so`() async throws {
        let client = try client("http://127.0.0.1:\(try FreePort.find())")

        #expect(
            await failureCode { _ = try await client.collect(HTTPRequest(url: "http://platform.invalid")) } == .proxy)
        await client.shutdown()
    }

    @Test func `secret requests go through a tunnel`() async throws {
        let server = try await TLSServer.start()
        let proxy = try ProviderStub.start { _ in
            StubReply([.text("HTTP/1.1 200 Connected\r\n\r\n"), .tunnel(toPort: server.port)])
        }
        var configuration = HTTPClientConfiguration()
        configuration.proxy = proxy.url
        configuration.caFile = server.ca
        let client = try HTTPClient(configuration: configuration)

        let response = try await client.collect(HTTPRequest(method: "GET", url: server.url))

        #expect(response.head.status == 200)
        #expect(!response.body.isEmpty)
        #expect(try await proxy.request(0).method == "CONNECT")
        await client.shutdown()
    }
}
