import Shared
import TestSupport
import Testing

@testable import Worker

/// Streams whose sockets are read once a window (`COALESCE_CROWD`).
@Suite(.timeLimit(.minutes(1))) struct GatheredStreamTests {
    private func client(window: Duration, crowd: Int = 1) throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        configuration.window.length = window
        configuration.window.crowd = crowd
        return try HTTPClient(configuration: configuration)
    }

    private func read(_ stream: HTTPBodyStream, window: CoalescingWindow) async throws -> (String, reads: Int) {
        var (bytes, reads): ([UInt8], Int) = (try await stream.next() ?? [], 1)
        while let more = try await stream.next(notBefore: window.end(after: .now, streams: 1)) {
            bytes += more
            reads += 1
        }
        return (String(decoding: bytes, as: UTF8.self), reads)
    }

    @Test func `many streams at once are whole and in order, over connections that are used again`() async throws {
        let stub = try ProviderStub.start { _ in .sse((0..<60).map { "\($0)" }) }
        let client = try client(window: .milliseconds(20))
        var window = CoalescingWindow()
        window.length = .milliseconds(20)
        let whole = (0..<60).map { "data: \($0)\n\n" }.joined()

        for _ in 0..<3 {
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask { [window] in
                        let stream = try await client.stream(HTTPRequest(url: stub.url))
                        return try await read(stream, window: window).0
                    }
                }
                for try await text in group { #expect(text == whole) }
            }
        }
        await client.shutdown()
    }

    @Test func `the first bytes come at once, the others at the end of the window`() async throws {
        let (gate, last) = (Gate(), Gate())
        let stub = try ProviderStub.start { _ in
            .sse(["one", "two", "three", "four"], after: [0: [.waitFor(gate)], 2: [.waitFor(last)]])
        }
        let client = try client(window: .seconds(1))
        var window = CoalescingWindow()
        window.length = .seconds(1)
        let stream = try await client.stream(HTTPRequest(url: stub.url))
        #expect(try await stream.next() == Array("data: one\n\n".utf8))

        let end = try #require(window.end(after: .now, streams: 1))
        async let rest = stream.next(notBefore: end)
        gate.release()

        #expect(try await rest == Array("data: two\n\ndata: three\n\n".utf8))
        #expect(ContinuousClock.now >= end)
        last.release()
        #expect(try await stream.next(notBefore: .now + .seconds(50)) == Array("data: four\n\n".utf8))
        #expect(try await stream.next(notBefore: .now + .seconds(50)) == nil)
        await client.shutdown()
    }

    @Test func `a gathered stream that is cancelled closes its connection, and one that stalls times out`() async throws
    {
        let (gate, never) = (Gate(), Gate())
        let stub = try ProviderStub.start { _ in
            .sse(["one", "two", "three"], after: [0: [.waitFor(gate)], 1: [.waitFor(never)]])
        }
        let client = try client(window: .milliseconds(10))
        var request = HTTPRequest(url: stub.url)
        request.timeouts.idle = .milliseconds(400)
        let (left, stalled) = (try await client.stream(request), try await client.stream(request))
        for stream in [left, stalled] { _ = try await stream.next() }
        gate.release()
        for stream in [left, stalled] {
            #expect(try await stream.next(notBefore: .now + .milliseconds(5)) == Array("data: two\n\n".utf8))
        }

        left.cancel()

        await #expect(throws: HTTPError.cancelled) { try await left.next(notBefore: .now + .seconds(5)) }
        do {
            _ = try await stalled.next(notBefore: .now + .milliseconds(5))
            Issue.record("the stalled stream went on")
        } catch { #expect(error.code == .timeoutIdle) }
        never.release()
        await client.shutdown()
    }

    @Test(arguments: [1, 20, 333]) func `windows end at the same moments for all`(_ milliseconds: Int) throws {
        var window = CoalescingWindow()
        window.length = .milliseconds(milliseconds)
        _ = window.end(after: .now, streams: 1)
        let now = ContinuousClock.now

        let end = try #require(window.end(after: now, streams: 1))

        #expect(end > now && end <= now + window.length + .microseconds(1))
        #expect(window.end(after: end, streams: 1)! > end)
        #expect(window.end(after: end.advanced(by: .nanoseconds(-500)), streams: 1) == end)

        window.throng = 2
        let (double, next) = (window.end(after: now, streams: 2)!, window.end(after: end, streams: 2)!)
        #expect(window.end(after: now, streams: 1) == end)
        #expect(double == end || double == end + window.length)
        #expect(next == double || next == double + window.length * 2)
        let times = [2, 7, 8, 15, 16, 31, 32, 1_000_000].map { streams in
            let first = window.end(after: now, streams: streams) ?? now
            return (window.end(after: first, streams: streams) ?? now) - first
        }
        #expect(times == [2, 2, 4, 4, 8, 8, 16, 16].map { window.length * $0 })
        #expect(window.longest == window.length * 16)

        window.length = .zero
        #expect(window.end(after: now, streams: 1) == nil)
    }

    /// Bytes come at once, and the reader wants them after a millisecond.
    ///
    /// Only a gathered socket makes it wait longer.
    private func wait(crowd: Int, idle: Duration = .seconds(60), window: Duration = .seconds(1)) async throws -> (
        waited: Duration, end: Duration
    ) {
        let (gate, second, last) = (Gate(), Gate(), Gate())
        let stub = try ProviderStub.start { _ in
            .sse(
                ["one", "two", "three", "four"],
                after: [0: [.waitFor(gate)], 1: [.waitFor(second)], 2: [.waitFor(last)]])
        }
        let client = try client(window: window, crowd: crowd)
        var request = HTTPRequest(url: stub.url)
        request.timeouts.idle = idle
        let stream = try await client.stream(request)
        _ = try await stream.next()
        // From its bytes on the socket is gathered, if it ever is.
        async let two = stream.next(notBefore: .now + .milliseconds(1))
        gate.release()
        #expect(try await two == Array("data: two\n\n".utf8))
        // curl looks at a connection by itself once more, 200 ms after its exchange began (happy eyeballs).
        try await EventLoopTimer.sleep(for: .milliseconds(300))
        var windows = CoalescingWindow()
        windows.length = window
        let begun = ContinuousClock.now
        let end = try #require(windows.end(after: begun, streams: 1)) - begun
        async let three = stream.next(notBefore: begun + .milliseconds(1))
        second.release()
        #expect(try await three == Array("data: three\n\n".utf8))
        let waited = ContinuousClock.now - begun
        last.release()
        await client.shutdown()
        return (waited, end)
    }

    @Test func `among many exchanges a stream is read at the end of a window`() async throws {
        var hasWaited = false
        for _ in 0..<10 where !hasWaited {
            let (waited, end) = try await wait(crowd: 1)
            // Bytes that came before their reader waited have not shown that it gathers.
            hasWaited = waited >= end && end > .milliseconds(100)
        }
        #expect(hasWaited)
    }

    @Test(arguments: [(2, 60), (1, 4)])
    func `few streams, and those that may not be silent for some windows, are read as bytes come`(
        _ crowd: Int, _ idle: Int
    ) async throws {
        var hasComeAtOnce = false
        for _ in 0..<5 {
            let (waited, end) = try await wait(crowd: crowd, idle: .seconds(idle))
            hasComeAtOnce = hasComeAtOnce || waited < end
        }
        #expect(hasComeAtOnce)
    }
}
