import Shared

/// What one attempt asks of a platform.
package struct PlatformCall: Sendable {
    package let requestID: String
    package let route: Route
    package let request: ChatRequest
    /// The attempt's number, from 1.
    package let attempt: Int
    package let interrupt: Interrupt
    /// Until the deadline of the request.
    package let timeLeft: Duration
}
