import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPSecurityTests {
    private func client(ca: String?) throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        configuration.caFile = ca
        return try HTTPClient(configuration: configuration)
    }

    @Test func `a certificate of the given authority is accepted`() async throws {
        let server = try await TLSServer.start()
        let client = try client(ca: server.ca)

        #expect(try await client.collect(HTTPRequest(method: "GET", url: server.url)).head.status == 200)
        await client.shutdown()
    }

    @Test func `a certificate of another authority is refused`() async throws {
        let server = try await TLSServer.start()
        let other = try await TestCertificates.make()
        let clients = [try client(ca: other.ca), try client(ca: nil)]

        for client in clients {
            #expect(
                await failureCode { _ = try await client.collect(HTTPRequest(method: "GET", url: server.url)) } == .tls)
            await client.shutdown()
        }
    }

    @Test func `a certificate of another host is refused`() async throws {
        let server = try await TLSServer.start()
        let client = try client(ca: server.ca)

        #expect(
            await failureCode {
                _ = try await client.collect(HTTPRequest(method: "GET", url: "https://127.0.0.2:\(server.port)/"))
            } == .tls)
        await client.shutdown()
    }
}
