import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPCancellationTests {
    private let stub: ProviderStub
    private let client: HTTPClient

    init() throws {
        stub = try ProviderStub.start { request in
            request.path == "/stream" ? .sse(["one", "two"], after: [0: [.stall]]) : StubReply([.stall])
        }
        client = try HTTPClient()
    }

    private var silent: HTTPRequest { HTTPRequest(url: stub.url) }
    private var streaming: HTTPRequest { HTTPRequest(url: stub.url + "/stream") }

    /// Time from the cancellation of an exchange's task until the stub sees its connection close.
    ///
    /// The best of five, because machines are busy at times.
    private func closing(_ operation: @escaping @Sendable () async throws -> Void) async throws -> Duration {
        var best = Duration.seconds(60)
        for _ in 0..<5 {
            let number = stub.counters.requests
            let duration = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    #expect(await failureCode { try await operation() } == .cancelled)
                }
                let request = try await stub.request(number)
                let start = ContinuousClock.now
                group.cancelAll()
                return try await request.waitForClientClose() - start
            }
            best = min(best, duration)
        }
        return best
    }

    @Test func `cancelling who waits for a whole answer closes the connection within 50 ms`() async throws {
        let duration = try await closing { [client, silent] in _ = try await client.collect(silent) }

        #expect(duration < .milliseconds(50))
        await client.shutdown()
    }

    @Test func `cancelling who waits for a head closes the connection within 50 ms`() async throws {
        let duration = try await closing { [client, silent] in _ = try await client.stream(silent) }

        #expect(duration < .milliseconds(50))
        await client.shutdown()
    }

    @Test func `cancelling who reads a stream closes the connection within 50 ms`() async throws {
        let duration = try await closing { [client, streaming] in _ = try await client.stream(streaming).whole() }

        #expect(duration < .milliseconds(50))
        await client.shutdown()
    }

    @Test func `a task that is cancelled already gets no answer`() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { [client, silent] in
                #expect(await failureCode { _ = try await client.collect(silent) } == .cancelled)
            }
        }
        await client.shutdown()
    }

    @Test func `cancelling a stream ends its reader and closes the connection`() async throws {
        let stream = try await client.stream(streaming)
        #expect(try await stream.next() == Array("data: one\n\n".utf8))

        async let code = failureCode { _ = try await stream.next() }
        stream.cancel()
        stream.cancel()

        #expect(await code == .cancelled)
        _ = try await stub.request(0).waitForClientClose()
        await client.shutdown()
    }

    @Test func `dropping a stream closes the connection`() async throws {
        _ = try await client.stream(streaming)

        _ = try await stub.request(0).waitForClientClose()
        await client.shutdown()
    }

    @Test func `a connection that was given up is not used again`() async throws {
        _ = try await client.stream(streaming)
        _ = try await stub.request(0).waitForClientClose()

        _ = try await client.stream(streaming)

        #expect(stub.counters.connections == 2)
        await client.shutdown()
    }

    @Test func `five hundred cancelled requests leave no connection open`() async throws {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask { [client, stub, silent, streaming] in
                    await withTaskGroup(of: Void.self) { inner in
                        inner.addTask { _ = try? await client.stream(number % 2 == 0 ? silent : streaming).whole() }
                        // Half are cancelled once they are under way, half at any time.
                        if number % 4 < 2 { _ = try? await stub.request(number / 8) }
                        inner.cancelAll()
                    }
                }
            }
        }

        try await eventually("all connections are closed") { stub.counters.openConnections == 0 }
        await client.shutdown()
    }

    @Test func `a shutdown cancels what is under way, and what comes later`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { [client, silent, streaming] in
                    #expect(
                        await failureCode { _ = try await client.stream(number % 2 == 0 ? silent : streaming).whole() }
                            == .cancelled)
                }
            }
            _ = try await stub.request(19)
            await client.shutdown()
            try await group.waitForAll()
        }

        #expect(await failureCode { _ = try await client.collect(silent) } == .cancelled)
        await client.shutdown()
        try await eventually("all connections are closed") { stub.counters.openConnections == 0 }
    }

    @Test func `requests that meet a shutdown all end`() async throws {
        for _ in 0..<50 {
            let client = try HTTPClient()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { [silent] in _ = try? await client.collect(silent) } }
                await client.shutdown()
            }
        }
    }

    @Test func `a client that is dropped ends its streams`() async throws {
        var client: HTTPClient? = try HTTPClient()
        let stream = try await client?.stream(streaming)
        client = nil

        #expect(await failureCode { _ = try await stream?.whole() } == .cancelled)
        await self.client.shutdown()
    }
}
