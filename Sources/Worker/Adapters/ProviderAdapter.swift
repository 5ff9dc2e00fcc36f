/// The one thing a platform must bring: a pure translator between the neutral request and its own HTTP API.
///
/// In: a validated `ChatRequest`, the route (`Target`), the bytes of the answer. Out: a request to send, `ChatDelta`s and
/// a `ChatCompletionEnd`. No I/O, no clock, no `await`: time and credentials are passed in, so every platform is tested
/// byte for byte without a network. May fail with `JobFailure` only.
import Shared

protocol ProviderAdapter: Sendable {
    /// Fails with `unsupportedParameter` or `invalidRequest` where the platform cannot say what the request asks, and
    /// with `authentication` where the credential is not of the platform's form.
    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest

    /// A decoder for the body of one answer with status 200…299.
    func makeDecoder(_ answer: AnswerShape) -> any ResponseDecoder

    /// What an answer with any other status means. Messages are safe to show: no text of the platform that may echo a key.
    func failure(_ refusal: UpstreamRefusal) -> JobFailure
}

/// Reads one answer, fed as its bytes arrive, cut anywhere.
///
///     while let bytes = try await body.next() {
///         publish(decoder.feed(bytes))
///         if decoder.isComplete { break }
///     }
///     let end = try decoder.finish()
protocol ResponseDecoder: Sendable {
    /// The deltas that `bytes` complete. A failure among them is kept for `finish`, so that how TCP cut the bytes does
    /// not change which deltas come out before it. Ignores everything after `isComplete`.
    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta]

    /// The terminator or a failure has been read: nothing that follows counts, call `finish`.
    var isComplete: Bool { get }

    /// The platform's count as far as it is known, for attempts that end early; `nil` if it said nothing yet.
    var usage: TokenUsage? { get }

    /// To be called once, after `isComplete` or a clean end of the HTTP body (never after a cut one). Throws what the
    /// platform reported inside a 200, `streamBroken` for a body that ended before the answer did.
    mutating func finish() throws(JobFailure) -> ChatCompletionEnd
}
