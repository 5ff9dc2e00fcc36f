import Shared

/// What one attempt asks of a platform.
struct PlatformCall: Sendable {
    let requestID: String
    let route: Route
    let request: ModelRequest
    /// The attempt's number, from 1.
    let attempt: Int
    let cancellation: JobCancellation
    /// Until the deadline of the request.
    let timeLeft: Duration
}
