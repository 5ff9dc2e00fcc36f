import Testing

@testable import Shared

@Suite struct ExportRetryTests {
    private func answer(_ status: Int, _ retryAfter: String? = nil, _ body: String = "{}") -> OTLPAnswer {
        OTLPAnswer(status: status, retryAfter: retryAfter, body: Array(body.utf8), now: 784_111_770_000)
    }

    @Test(arguments: [429, 502, 503, 504]) func `these four statuses are tried again`(_ status: Int) {
        #expect(answer(status) == .failed("HTTP status \(status)"))
    }

    @Test(arguments: [300, 301, 400, 401, 404, 413, 415, 500, 501, 505]) func `all others are final`(_ status: Int) {
        #expect(answer(status) == .refused("HTTP status \(status)"))
    }

    @Test(arguments: [
        ("7", 7), ("0", 0), (" 7 ", 7), ("-5", 0), ("100000", 300), ("Sun, 06 Nov 1994 08:49:37 GMT", 7),
        ("Sun, 06 Nov 1994 08:49:00 GMT", 0), ("Sun, 06 Nov 9999 08:49:37 GMT", 300), ("soon", nil),
        ("9223372036854775807", 300), ("99999999999999999999", nil), ("", nil),
    ] as [(String, Int64?)])
    func `a receiver says how long to wait, in seconds or by a date`(_ text: String, _ seconds: Int64?) {
        #expect(answer(503, text) == .failed("HTTP status 503", retryAfter: seconds.map { .seconds($0) }))
    }

    @Test(arguments: [
        ("{}", 0), ("", 0), ("no JSON", 0), (#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"x"}}"#, 3),
        (#"{"partialSuccess":{"rejectedSpans":3}}"#, 3), (#"{"partialSuccess":{"rejectedSpans":"-3"}}"#, 0),
        (#"{"partialSuccess":{"rejectedSpans":"99999999999999999999"}}"#, 0), (#"{"partialSuccess":[]}"#, 0),
    ])
    func `spans that were rejected are counted, and never sent again`(_ body: String, _ rejected: Int) {
        var retry = ExportRetry(pause: .seconds(1), patience: .seconds(30))

        #expect(answer(200, nil, body) == .delivered(rejected: rejected))
        #expect(retry.step(after: answer(200, nil, body), elapsed: .zero) == .done(rejected: rejected))
    }

    @Test func `pauses double, and the last one ends with patience`() {
        var retry = ExportRetry(pause: .seconds(1), patience: .seconds(100))
        let pauses = (0..<7).map { _ in retry.step(after: .failed("x"), elapsed: .zero, random: 1) }

        #expect(pauses == [1, 2, 4, 8, 16, 30, 30].map { ExportRetry.Step.again(after: .seconds($0)) })
        #expect(retry.step(after: .failed("x"), elapsed: .seconds(95), random: 1) == .again(after: .seconds(5)))
        #expect(retry.step(after: .failed("x"), elapsed: .seconds(100), random: 1) == .giveUp("x"))
    }

    @Test func `a receiver that names a time is left alone until then`() {
        var retry = ExportRetry(pause: .seconds(1), patience: .seconds(30))

        #expect(
            retry.step(after: .failed("x", retryAfter: .seconds(60)), elapsed: .zero) == .again(after: .seconds(60)))
        #expect(retry.step(after: .failed("x", retryAfter: .seconds(60)), elapsed: .seconds(61)) == .giveUp("x"))
    }

    @Test func `what is refused is given up at once`() {
        var retry = ExportRetry(pause: .seconds(1), patience: .seconds(30))

        #expect(retry.step(after: .refused("HTTP status 400"), elapsed: .zero) == .giveUp("HTTP status 400"))
    }
}
