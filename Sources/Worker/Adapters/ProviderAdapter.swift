/// The protocol that each platform implements: a pure translator between the neutral request and the platform's HTTP
/// API.
///
/// In: a validated `ChatRequest`, the route (`Target`), the bytes of the response. Out: a request to send, `ChatDelta`s
/// and a `ChatCompletionEnd`. There is no I/O, no clock and no `await`: time and credentials are passed in, so every
/// platform is tested byte for byte without a network. May fail with `JobFailure` only.
import Shared

protocol ProviderAdapter: Sendable {
    /// Refuses a request that the platform cannot express for this model. Called while routing, before any call is
    /// paid, so that another route can be chosen.
    ///
    /// Fails with `unsupportedParameter` (or `invalidRequest`), naming the field (`param`) and the platform. Cheap: it
    /// reads the fields present and builds nothing. `settings` are the account's.
    func check(_ chat: ChatRequest, model: String, settings: [String: String]) throws(JobFailure)

    /// The sampling parameters that this model refuses though the platform knows them. They are left out of the
    /// request, and the caller is told.
    func dropped(_ chat: ChatRequest, model: String, settings: [String: String]) -> [String]

    /// Builds the request of a chat that `check` let pass.
    ///
    /// Fails with `invalidRequest` for errors that only show while translating (arguments of a call that are no JSON),
    /// and with `authentication` where the credential is not of the platform's form.
    func makeRequest(_ chat: ChatRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest

    /// A decoder for the body of one response with status 200…299.
    func makeDecoder(_ context: ResponseContext) -> any ResponseDecoder

    /// Reads a response with any other status. Messages are safe to show: they hold no text of the platform that may
    /// echo a key.
    func failure(_ response: UpstreamResponse) -> JobFailure

    /// The error that a whole body with status 200…299 reports. `nil` where it reports none.
    func failure(inside body: [UInt8]) -> JobFailure?

    /// The cheapest call that proves key and reachability. It is free where the platform has a free one.
    ///
    /// `nil` where getting a token (`tokens`) has proved both. `target.model` is only used where a platform has nothing
    /// but a one-token chat.
    func makePing(_ target: Target) throws(JobFailure) -> UpstreamRequest?

    /// `nil` where the platform has no embeddings, or none in this mode.
    var embeddings: (any EmbeddingsAdapter)? { get }

    /// `nil` where the account's key itself is sent, or signs the request.
    var tokens: (any TokenExchange)? { get }
}

extension ProviderAdapter {
    func dropped(_ chat: ChatRequest, model: String, settings: [String: String]) -> [String] { [] }
    var embeddings: (any EmbeddingsAdapter)? { nil }
    var tokens: (any TokenExchange)? { nil }
}

/// The embeddings part of a platform.
///
/// As pure as `ProviderAdapter`, whose `failure`s it shares.
protocol EmbeddingsAdapter: Sendable {
    /// Most texts of one call to this model, as documented. More are refused before any call is paid.
    func maxInputs(model: String) -> Int

    /// Fails with `unsupportedParameter` or `invalidRequest`, naming the field and the platform.
    func makeRequest(_ request: EmbeddingsRequest, _ target: Target) throws(JobFailure) -> UpstreamRequest

    /// Reads the response into OpenAI's shape, with the vectors in the order of the texts. Fails with an error that a
    /// 200 reports inside.
    func read(_ body: [UInt8], _ request: EmbeddingsRequest, _ context: ResponseContext) throws(JobFailure)
        -> ChatCompletionEnd
}

/// Reads one response, fed as its bytes arrive and cut anywhere.
///
///     while let bytes = try await body.next() {
///         publish(decoder.feed(bytes))
///         if decoder.isComplete { break }
///     }
///     let end = try decoder.finish()
protocol ResponseDecoder: Sendable {
    /// Returns the deltas that `bytes` complete. A failure among them is kept for `finish`, so that the same deltas
    /// come out before it however TCP cuts the bytes. Ignores everything after `isComplete`.
    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta]

    /// The form of the body. `nil` until its bytes show it.
    var form: AnswerForm? { get }

    /// The terminator or a failure has been read. Nothing that follows counts. Call `finish`.
    var isComplete: Bool { get }

    /// The platform's count so far, for attempts that end early. `nil` if it reported none yet.
    var usage: TokenUsage? { get }

    /// Called once, after `isComplete` or a clean end of the HTTP body, never after a cut one. Throws an error that the
    /// platform reported inside a 200, and `streamBroken` for a body that ended before the answer did.
    mutating func finish() throws(JobFailure) -> ChatCompletionEnd
}
