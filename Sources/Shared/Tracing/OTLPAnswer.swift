/// The outcome of one try to send a batch of spans.
enum OTLPAnswer: Sendable, Equatable {
    /// The receiver did not want so many of them, and never will.
    case delivered(rejected: Int)
    /// It may be taken later.
    ///
    /// The reason is for logs, and holds nothing that the receiver wrote.
    case failed(String, retryAfter: Duration? = nil)
    /// It will never be taken.
    case refused(String)
}

extension OTLPAnswer {
    /// Chosen: a receiver that asks for more has another look taken at it by then.
    private static let longestPause: Int64 = 300

    /// Reads a response (OTLP, "Failures"): these four statuses alone are tried again.
    ///
    /// `now` is in milliseconds since 1970, for a `Retry-After` that is a date.
    init(status: Int, retryAfter: String? = nil, body: [UInt8], now: Int64) {
        switch status {
        case 200...299: self = .delivered(rejected: Self.rejected(body))
        case 429, 502, 503, 504:
            let pause = retryAfter.flatMap { Self.seconds($0, now: now) }
            self = .failed(
                "HTTP status \(status)", retryAfter: pause.map { .seconds($0.clamped(to: 0...Self.longestPause)) })
        default: self = .refused("HTTP status \(status)")
        }
    }

    /// From `{"partialSuccess":{"rejectedSpans":"3"}}`, whose number may also be written as one.
    private static func rejected(_ body: [UInt8]) -> Int {
        guard let json = try? JSON(parsing: body), let value = json["partialSuccess"]?["rejectedSpans"] else {
            return 0
        }
        return max(0, value.stringValue.flatMap { Int($0) } ?? value.intValue ?? 0)
    }

    private static func seconds(_ text: String, now: Int64) -> Int64? {
        let text = text.trimmingSpaces
        return Int64(text) ?? HTTPDate.seconds(String(text)).map { $0.subtractingClamped(now / 1000) }
    }
}

/// Decides what becomes of a batch after each try (pure).
struct ExportRetry: Sendable {
    enum Step: Sendable, Equatable {
        case done(rejected: Int)
        case again(after: Duration)
        case giveUp(String)
    }

    /// Before the second try; it doubles with each one, up to half a minute.
    let pause: Duration
    /// How long a batch is tried.
    let patience: Duration
    private var failures = 0

    init(pause: Duration, patience: Duration) {
        self.pause = pause
        self.patience = patience
    }

    private static let longestPause = Duration.seconds(30)

    /// `elapsed` is since the first try of this batch.
    ///
    /// `random` is from 0.8 to 1.2, so that processes that failed together do not come back together.
    mutating func step(
        after answer: OTLPAnswer, elapsed: Duration, random: Double = .random(in: 0.8...1.2)
    ) -> Step {
        switch answer {
        case .delivered(let rejected): return .done(rejected: rejected)
        case .refused(let reason): return .giveUp(reason)
        case .failed(let reason, let retryAfter):
            guard elapsed < patience else { return .giveUp(reason) }
            let own = min(pause * (1 << min(failures, 12)), Self.longestPause) * random
            failures += 1
            // A receiver that names a time is left alone until then, even where one more try is all that is left.
            return .again(after: retryAfter ?? min(own, patience - elapsed))
        }
    }
}
