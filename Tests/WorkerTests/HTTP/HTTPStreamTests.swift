import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPStreamTests {
    @Test func `the head comes before the body does`() async throws {
        let gate = Gate()
        let stub = try ProviderStub.start { _ in .sse(["one", "two"], after: [0: [.waitFor(gate)]]) }
        let client = try HTTPClient()

        let stream = try await client.stream(HTTPRequest(url: stub.url))
        #expect(try await stream.next() == Array("data: one\n\n".utf8))
        gate.release()

        #expect(try await stream.next() == Array("data: two\n\n".utf8))
        #expect(try await stream.next() == nil)
        #expect(try await stream.next() == nil)
        await client.shutdown()
    }

    @Test func `a reader that can wait gets what has gathered until then`() async throws {
        let (first, all) = (Gate(), Gate())
        let stub = try ProviderStub.start { _ in
            .sse((0..<20).map { "\($0)" }, after: [0: [.waitFor(first)], 10: [.waitFor(all)]])
        }
        let client = try HTTPClient()
        let stream = try await client.stream(HTTPRequest(url: stub.url))
        #expect(try await stream.next() == Array("data: 0\n\n".utf8))

        let until = ContinuousClock.now + .milliseconds(300)
        first.release()
        let gathered = try await stream.next(notBefore: until)

        #expect(ContinuousClock.now >= until)
        #expect(gathered == Array((1...10).map { "data: \($0)\n\n" }.joined().utf8))
        all.release()
        await client.shutdown()
    }

    @Test func `a reader that can wait is told of the end at once`() async throws {
        let stub = try ProviderStub.start { _ in .sse(["one"]) }
        let client = try HTTPClient()
        let stream = try await client.stream(HTTPRequest(url: stub.url))
        let start = ContinuousClock.now

        #expect(try await stream.next(notBefore: start + .seconds(50)) == Array("data: one\n\n".utf8))
        #expect(try await stream.next(notBefore: start + .seconds(50)) == nil)

        #expect(ContinuousClock.now - start < .seconds(25))
        await client.shutdown()
    }

    @Test func `a reader that can wait does not wait when much has gathered`() async throws {
        let gate = Gate()
        let stub = try ProviderStub.start { _ in
            .sse([String](repeating: String(repeating: "a", count: 1000), count: 100), after: [99: [.waitFor(gate)]])
        }
        var configuration = HTTPClientConfiguration()
        configuration.maxBufferedBytes = 50_000
        let client = try HTTPClient(configuration: configuration)
        let stream = try await client.stream(HTTPRequest(url: stub.url))

        let bytes = try await stream.next(notBefore: .now + .seconds(50))

        #expect((bytes?.count ?? 0) >= 50_000)
        gate.release()
        await client.shutdown()
    }

    @Test func `a time that has passed is no reason to wait`() async throws {
        let gate = Gate()
        let stub = try ProviderStub.start { _ in .sse(["one"], after: [0: [.waitFor(gate)]]) }
        let client = try HTTPClient()
        let stream = try await client.stream(HTTPRequest(url: stub.url))

        #expect(try await stream.next(notBefore: .now - .seconds(1)) == Array("data: one\n\n".utf8))
        gate.release()
        await client.shutdown()
    }

    @Test func `a lagging reader stops the platform and loses nothing`() async throws {
        let block = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 >> 8) }
        let body = [[UInt8]](repeating: block, count: 48).flatMap { $0 }
        let stub = try ProviderStub.start { _ in .bytes(body) }
        var (configuration, timeouts) = (HTTPClientConfiguration(), HTTPTimeouts())
        configuration.maxBufferedBytes = 64 << 10
        timeouts.idle = .milliseconds(100)
        let client = try HTTPClient(configuration: configuration)

        let stream = try await client.stream(HTTPRequest(url: stub.url, timeouts: timeouts, maxResponseBytes: 48 << 20))
        // Blocked for longer than the limit for silence, which must not fire while it is us who pause.
        try await eventually("the platform cannot write any more") { stub.counters.blockedWriters == 1 }
        let paused = ContinuousClock.now
        try await eventually("twice the limit has gone by") { ContinuousClock.now - paused > timeouts.idle * 2 }

        // Sent bytes are in the kernel's buffers, 10 MB at most, or here: 64 KB and a chunk of curl's.
        #expect(stub.counters.bytesSent < 24 << 20)
        let first = try await stream.next()
        #expect((first?.count ?? .max) <= 96 << 10)
        #expect(try await (first ?? []) + stream.whole() == body)
        await client.shutdown()
    }
}
