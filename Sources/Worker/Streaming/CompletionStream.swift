import Shared

/// The deltas of one streamed answer, wherever it comes from.
///
/// `next` gives what has arrived, all at once, and `nil` at a good end, when `end` is set. With `notBefore` it waits until
/// then for more to gather, unless the answer ends: that is how deltas coalesce without a task or a timer per stream.
struct CompletionStream: Sendable {
    private enum Source: Sendable {
        case upstream(UpstreamStream)
        case sandbox(SandboxStream)
    }

    private var source: Source

    init(_ upstream: UpstreamStream) { source = .upstream(upstream) }
    init(_ sandbox: SandboxStream) { source = .sandbox(sandbox) }

    /// Valid after `next` has returned `nil`.
    private(set) var end = ChatCompletionEnd(model: nil, finishReason: nil, usage: nil)

    mutating func next(notBefore: ContinuousClock.Instant?) async throws(JobFailure) -> [ChatDelta]? {
        let step: StreamStep
        switch source {
        case .upstream(var upstream):
            defer { source = .upstream(upstream) }
            step = try await upstream.next(notBefore: notBefore)
        case .sandbox(var sandbox):
            defer { source = .sandbox(sandbox) }
            step = try await sandbox.next(notBefore: notBefore)
        }
        switch step {
        case .deltas(let deltas): return deltas
        case .end(let end):
            self.end = end
            return nil
        }
    }

    /// Gives the connection up if the answer was not read to its end; to be called once.
    func close() {
        if case .upstream(let upstream) = source { upstream.close() }
    }
}

enum StreamStep: Sendable {
    case deltas([ChatDelta])
    case end(ChatCompletionEnd)
}

/// The answer of a platform behind HTTP.
struct UpstreamStream: Sendable {
    private let body: HTTPBodyStream
    private var decoder: any ResponseDecoder
    private let interrupt: Interrupt

    init(_ body: HTTPBodyStream, _ decoder: any ResponseDecoder, _ interrupt: Interrupt) {
        self.body = body
        self.decoder = decoder
        self.interrupt = interrupt
        interrupt.arm { body.cancel() }
    }

    mutating func next(notBefore: ContinuousClock.Instant?) async throws(JobFailure) -> StreamStep {
        while !decoder.isComplete {
            let bytes: [UInt8]?
            do { bytes = try await body.next(notBefore: notBefore) } catch { throw error.failure }
            guard let bytes else { break }
            let deltas = decoder.feed(bytes)
            if !deltas.isEmpty { return .deltas(deltas) }
        }
        return .end(try decoder.finish())
    }

    func close() {
        interrupt.disarm()
        body.cancel()
    }
}

extension HTTPError {
    /// What a failed transfer means for the attempt.
    var failure: JobFailure {
        switch code {
        case .cancelled: JobFailure(.cancelled, "the call was interrupted")
        case .timeoutConnect, .timeoutFirstByte, .timeoutIdle, .timeoutTotal: JobFailure(.timeout, description)
        case .cut: JobFailure(.streamBroken, description)
        case .tooLarge: JobFailure(.serverError, description, code: "answer_too_large")
        default: JobFailure(.network, description)
        }
    }
}
