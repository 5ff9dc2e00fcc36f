import Shared

/// The deltas of one streamed answer, from a platform or from the sandbox.
///
/// `next` returns all deltas that have arrived, and `nil` after a good end, when `end` is set. With `notBefore` it
/// gathers more deltas until that time, unless the answer ends first. So deltas coalesce without a task or a timer per
/// stream.
final class CompletionStream {
    private enum Source {
        case upstream(UpstreamStream)
        case sandbox(SandboxStream)
    }

    private let source: Source

    init(_ upstream: UpstreamStream) { source = .upstream(upstream) }
    init(_ sandbox: SandboxStream) { source = .sandbox(sandbox) }

    /// Valid after `next` has returned `nil`.
    private(set) var end = ChatCompletionEnd(model: nil, finishReason: nil, usage: nil)

    func next(notBefore: ContinuousClock.Instant?) async throws(JobFailure) -> [ChatDelta]? {
        let step =
            switch source {
            case .upstream(let upstream): try await upstream.next(notBefore: notBefore)
            case .sandbox(let sandbox): try await sandbox.next(notBefore: notBefore)
            }
        switch step {
        case .deltas(let deltas): return deltas
        case .end(let end):
            self.end = end
            return nil
        }
    }

    /// The platform's count so far, `nil` if it reported none yet.
    var usage: TokenUsage? {
        guard case .upstream(let upstream) = source else { return nil }
        return upstream.usage
    }

    /// Drops the connection if the answer was not read to its end, and is called once.
    func close() {
        if case .upstream(let upstream) = source { upstream.close() }
    }
}

enum StreamStep: Sendable {
    case deltas([ChatDelta])
    case end(ChatCompletionEnd)
}

/// The answer of a platform behind HTTP.
final class UpstreamStream {
    private let body: HTTPBodyStream
    private var decoder: any ResponseDecoder
    private let cancellation: JobCancellation
    /// The deltas that `begin` read.
    private var opened: [ChatDelta] = []
    /// The answer, where it came as one JSON document.
    private var whole: ChatCompletionEnd?
    private var received = 0

    /// Adds to a failure inside the stream what the response's headers say.
    ///
    /// Only the opener of the stream knows them.
    private let explained: @Sendable (JobFailure) -> JobFailure

    init(
        _ body: HTTPBodyStream, _ decoder: any ResponseDecoder, _ cancellation: JobCancellation,
        explained: @escaping @Sendable (JobFailure) -> JobFailure
    ) {
        self.body = body
        self.decoder = decoder
        self.cancellation = cancellation
        self.explained = explained
        cancellation.arm { body.cancel() }
    }

    /// Waits for the first bytes.
    ///
    /// An answer that is one JSON document is read to its end.
    ///
    /// Several platforms refuse a stream with such a document and status 200. The refusal is thus known before the
    /// stream counts as opened. White space in front only keeps the connection alive.
    func begin() async throws(JobFailure) {
        while decoder.form != .events, !decoder.isComplete, let bytes = try await read(notBefore: nil) {
            opened = await feed(bytes)
        }
        guard decoder.form != .events else { return }
        whole = try await onPool(if: received > largestOnLoop) { () throws(JobFailure) in try decoder.finish() }
    }

    var usage: TokenUsage? { decoder.usage }

    private func read(notBefore: ContinuousClock.Instant?) async throws(JobFailure) -> [UInt8]? {
        do { return try await body.next(notBefore: notBefore) } catch { throw error.failure }
    }

    private func feed(_ bytes: [UInt8]) async -> [ChatDelta] {
        received += bytes.count
        return await onPool(if: bytes.count > largestOnLoop) { decoder.feed(bytes) }
    }

    func next(notBefore: ContinuousClock.Instant?) async throws(JobFailure) -> StreamStep {
        if let whole { return .end(whole) }
        if !opened.isEmpty {
            defer { opened = [] }
            return .deltas(opened)
        }
        while !decoder.isComplete {
            guard let bytes = try await read(notBefore: notBefore) else { break }
            let deltas = await feed(bytes)
            if !deltas.isEmpty { return .deltas(deltas) }
        }
        do throws(JobFailure) { return .end(try decoder.finish()) } catch { throw explained(error) }
    }

    func close() {
        cancellation.disarm()
        body.cancel()
    }
}

extension HTTPError {
    /// The failure of the attempt whose transfer failed.
    var failure: JobFailure {
        switch code {
        case .cancelled: JobFailure(.cancelled, "the call was interrupted")
        case .timeoutConnect, .timeoutFirstByte, .timeoutIdle, .timeoutTotal: JobFailure(.timeout, description)
        case .cut: JobFailure(.streamBroken, description)
        case .encoding: JobFailure(.unreadableAnswer, description, code: "unknown_encoding")
        case .tooLarge: JobFailure(.unreadableAnswer, description, code: "answer_too_large")
        default: JobFailure(.network, description)
        }
    }
}
