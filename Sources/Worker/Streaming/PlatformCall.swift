import Shared

/// One attempt's call to a platform.
struct PlatformCall: Sendable {
    let requestID: String
    let route: Route
    let request: ModelRequest
    /// From 1.
    let attempt: Int
    let cancellation: JobCancellation
    /// Until the deadline of the request.
    let timeLeft: Duration
    /// `nil` where tracing is off.
    var trace: CallTrace?
}
