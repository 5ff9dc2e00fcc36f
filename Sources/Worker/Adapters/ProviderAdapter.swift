/// The one thing a platform must bring: a pure translator between the neutral request and its own HTTP API.
///
/// In: a validated `ChatRequest`, the route (`Target`), the bytes of the answer. Out: a request to send, `ChatDelta`s and
/// a `ChatCompletionEnd`. No I/O, no clock, no `await`: time and credentials are passed in, so every platform is tested
/// byte for byte without a network. May fail with `JobFailure` only.
import Shared

protocol ProviderAdapter: Sendable {
    /// Whether the platform can say what the request asks of this model: asked while routing, before anybody is paid, so
    /// that a route that cannot is passed over for one that can.
    ///
    /// Fails with `unsupportedParameter` (or `invalidRequest`), naming the field (`param`) and the platform. Cheap: reads
    /// the fields that are there, builds nothing. `settings` are the account's.
    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure)

    /// The sampling parameters of a request that this model does not take, though the platform knows them: they are left
    /// out, and the caller is told.
    func dropped(_ chat: ChatRequest, model: String, settings: [String: String]) -> [String]

    /// The request of a chat that `check` let pass.
    ///
    /// Fails with `invalidRequest` for what only shows while translating (arguments of a call that are no JSON), and with
    /// `authentication` where the credential is not of the platform's form.
    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest

    /// A decoder for the body of one answer with status 200…299.
    func makeDecoder(_ context: ResponseContext) -> any ResponseDecoder

    /// What an answer with any other status means. Messages are safe to show: no text of the platform that may echo a key.
    func failure(_ response: UpstreamResponse) -> JobFailure

    /// What a whole body with status 200…299 reports as an error; `nil` where it is none.
    func failure(inside body: [UInt8]) -> JobFailure?

    /// The cheapest call that proves key and reachability: free where the platform has one that is.
    ///
    /// `nil` where getting a token (`tokens`) has proved both. `target.model` is only used where a platform has nothing
    /// but a one-token chat.
    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest?

    /// `nil` where the platform has no embeddings (or not in this mode).
    var embeddings: (any EmbeddingsAdapter)? { get }

    /// `nil` where the account's key itself goes on the wire, or signs it.
    var tokens: (any TokenExchange)? { get }
}

extension ProviderAdapter {
    func dropped(_ chat: ChatRequest, model: String, settings: [String: String]) -> [String] { [] }
    var embeddings: (any EmbeddingsAdapter)? { nil }
    var tokens: (any TokenExchange)? { nil }
}

/// The part of a platform that turns texts into vectors.
///
/// As pure as `ProviderAdapter`, whose `failure`s it shares.
protocol EmbeddingsAdapter: Sendable {
    /// Most texts of one call at this model, as documented; more are refused before anybody is paid.
    func maxInputs(model: String) -> Int

    /// Fails with `unsupportedParameter` or `invalidRequest`, naming the field and the platform.
    func makeRequest(_ request: EmbeddingsRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest

    /// The answer in OpenAI's shape, vectors in the order of the texts. Fails with what a 200 may report inside.
    func read(_ body: [UInt8], _ request: EmbeddingsRequest, _ context: ResponseContext) throws(JobFailure)
        -> ChatCompletionEnd
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

    /// What the body is; `nil` while nothing of it shows that.
    var form: AnswerForm? { get }

    /// The terminator or a failure has been read: nothing that follows counts, call `finish`.
    var isComplete: Bool { get }

    /// The platform's count as far as it is known, for attempts that end early; `nil` if it said nothing yet.
    var usage: TokenUsage? { get }

    /// To be called once, after `isComplete` or a clean end of the HTTP body (never after a cut one). Throws what the
    /// platform reported inside a 200, `streamBroken` for a body that ended before the answer did.
    mutating func finish() throws(JobFailure) -> ChatCompletionEnd
}
