import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HTTPTimeoutTests {
    private func timeouts(_ change: (inout HTTPTimeouts) -> Void) -> HTTPTimeouts {
        var timeouts = HTTPTimeouts()
        change(&timeouts)
        return timeouts
    }

    private func expect(_ code: HTTPError.Code, _ request: HTTPRequest, after limit: Duration) async throws {
        let client = try HTTPClient()
        let start = ContinuousClock.now
        #expect(await failureCode { _ = try await client.stream(request).whole() } == code)
        #expect(ContinuousClock.now - start >= limit)
        await client.shutdown()
    }

    @Test func `a platform that accepts nothing runs into the limit for connecting`() async throws {
        let full = try FullListener()

        try await expect(
            .timeoutConnect, HTTPRequest(url: full.url, timeouts: timeouts { $0.connect = .milliseconds(200) }),
            after: .milliseconds(200))
    }

    @Test func `a platform that does not begin runs into the limit for the first byte`() async throws {
        let stub = try ProviderStub.start { _ in StubReply([.stall]) }

        try await expect(
            .timeoutFirstByte, HTTPRequest(url: stub.url, timeouts: timeouts { $0.firstByte = .milliseconds(150) }),
            after: .milliseconds(150))
        _ = try await stub.request(0).waitForClientClose()
    }

    @Test func `an interim answer is not the first byte`() async throws {
        let stub = try ProviderStub.start { _ in StubReply([.text("HTTP/1.1 102 Processing\r\n\r\n"), .stall]) }

        try await expect(
            .timeoutFirstByte, HTTPRequest(url: stub.url, timeouts: timeouts { $0.firstByte = .milliseconds(150) }),
            after: .milliseconds(150))
    }

    @Test func `a head alone is not the first byte: many send it before they read the prompt`() async throws {
        let stub = try ProviderStub.start { _ in
            StubReply([.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), .stall])
        }

        try await expect(
            .timeoutFirstByte,
            HTTPRequest(
                url: stub.url,
                timeouts: timeouts {
                    $0.firstByte = .milliseconds(300)
                    $0.idle = .milliseconds(50)
                }), after: .milliseconds(300))
    }

    @Test func `comments are life, until the whole takes too long`() async throws {
        let stub = try ProviderStub.start { _ in
            StubReply(
                [StubReply.Step.text("HTTP/1.1 200 OK\r\n\r\n")]
                    + (0..<400).flatMap { _ in [.text(": OPENROUTER PROCESSING\n\n"), .pause(.milliseconds(20))] })
        }

        try await expect(
            .timeoutTotal,
            HTTPRequest(
                url: stub.url,
                timeouts: timeouts {
                    $0.total = .milliseconds(600)
                    $0.idle = .milliseconds(200)
                }), after: .milliseconds(600))
    }

    @Test func `a platform that stops in the middle runs into the limit for silence`() async throws {
        let stub = try ProviderStub.start { _ in .sse(["one", "two"], after: [0: [.stall]]) }

        try await expect(
            .timeoutIdle, HTTPRequest(url: stub.url, timeouts: timeouts { $0.idle = .milliseconds(150) }),
            after: .milliseconds(150))
        _ = try await stub.request(0).waitForClientClose()
    }

    @Test func `an answer without end runs into the limit for the whole`() async throws {
        let stub = try ProviderStub.start { _ in
            .openAIStream([String](repeating: "token", count: 400), every: .milliseconds(20))
        }

        try await expect(
            .timeoutTotal,
            HTTPRequest(
                url: stub.url,
                timeouts: timeouts {
                    $0.total = .milliseconds(300)
                    $0.idle = .seconds(5)
                }), after: .milliseconds(300))
        _ = try await stub.request(0).waitForClientClose()
    }

    // MARK: - The decision

    private static let start = ContinuousClock.now

    @Test(arguments: [
        (at: 9, nil), (at: 11, HTTPError.Code.timeoutFirstByte), (at: 101, .timeoutTotal),
    ]) func `before the answer the limit for the first byte counts`(at seconds: Int, code: HTTPError.Code?) {
        #expect(deadlines().passed(Self.start + .seconds(seconds), isPaused: false)?.code == code)
    }

    @Test(arguments: [
        (at: 54, false, nil), (at: 56, false, HTTPError.Code.timeoutIdle), (at: 99, true, nil),
        (at: 101, true, .timeoutTotal),
    ]) func `within the answer silence counts, unless its reader lags`(
        at seconds: Int, isPaused: Bool, code: HTTPError.Code?
    ) {
        var deadlines = deadlines()
        deadlines.heard(Self.start + .seconds(5))
        deadlines.heard(Self.start + .seconds(50))

        #expect(deadlines.passed(Self.start + .seconds(seconds), isPaused: isPaused)?.code == code)
    }

    private func deadlines() -> TransferDeadlines {
        TransferDeadlines(
            timeouts {
                $0.firstByte = .seconds(10)
                $0.idle = .seconds(5)
                $0.total = .seconds(100)
            }, now: Self.start)
    }
}
