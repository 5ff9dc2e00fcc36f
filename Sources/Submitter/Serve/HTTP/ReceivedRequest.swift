import Shared

/// A request that was read, and not judged yet.
struct ReceivedRequest: Sendable {
    let options: RequestOptions
    let body: BodyReader.Body
    let requestID: String
    /// See `ShimContext.trace`.
    let trace: TraceContext?
}
