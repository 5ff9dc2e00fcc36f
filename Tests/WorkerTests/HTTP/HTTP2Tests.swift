import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTP2Tests {
    private func client(_ server: HTTP2Server) throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        configuration.caFile = server.ca
        return try HTTPClient(configuration: configuration)
    }

    @Test func `answers over HTTP/2 are read, one after the other over one connection`() async throws {
        let server = try await HTTP2Server.start(endedAnswers: 3)
        let client = try client(server)

        for _ in 0..<3 {
            let response = try await client.collect(HTTPRequest(url: server.url, body: [1]))
            #expect(response.head.status == 200)
            #expect(response.body == Array("hi".utf8))
        }

        #expect(server.openedConnections == 1)
        await client.shutdown()
    }

    @Test func `giving up an answer over HTTP/2 closes its connection and no other`() async throws {
        let server = try await HTTP2Server.start(endedAnswers: 0)
        let client = try client(server)
        var streams: [HTTPBodyStream] = []
        for _ in 0..<2 { streams.append(try await client.stream(HTTPRequest(url: server.url, body: [1]))) }
        for stream in streams { #expect(try await stream.next() == Array("hi".utf8)) }

        streams[0].cancel()

        try await eventually("the platform sees the connection close") { !server.closedConnections.isEmpty }
        #expect(server.closedConnections == [1])
        #expect(server.openedConnections == 2)
        await client.shutdown()
    }

    @Test func `a time limit over HTTP/2 closes the connection, a used one too`() async throws {
        let server = try await HTTP2Server.start(endedAnswers: 1)
        let client = try client(server)
        var timeouts = HTTPTimeouts()
        timeouts.idle = .milliseconds(100)
        let request = HTTPRequest(url: server.url, timeouts: timeouts)
        _ = try await client.collect(request)

        #expect(await failureCode { _ = try await client.collect(request) } == .timeoutIdle)

        try await eventually("the platform sees the connection close") { server.closedConnections == [1] }
        await client.shutdown()
    }

    @Test func `an answer over HTTP/2 and over the limit closes the connection`() async throws {
        let server = try await HTTP2Server.start(endedAnswers: 0)
        let client = try client(server)

        #expect(
            await failureCode { _ = try await client.collect(HTTPRequest(url: server.url, maxResponseBytes: 1)) }
                == .tooLarge)

        try await eventually("the platform sees the connection close") { server.closedConnections == [1] }
        await client.shutdown()
    }
}
