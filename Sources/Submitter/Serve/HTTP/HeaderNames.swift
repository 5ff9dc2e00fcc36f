import HTTPTypes
import Shared

extension HTTPField.Name {
    static let xRequestID = Self.known("x-request-id")
    static let xJobID = Self.known("x-job-id")
    static let xTenant = Self.known("x-tenant")
    static let xPriority = Self.known("x-priority")
    static let xDeadline = Self.known("x-deadline-ms")
    static let xCacheTTL = Self.known("x-cache-ttl")
    static let xCache = Self.known("x-cache")
    static let xDroppedParams = Self.known("x-dropped-params")
    static let xAccelBuffering = Self.known("x-accel-buffering")
    static let idempotencyKey = Self.known("idempotency-key")
    static let xQueuePosition = Self.known("x-queue-position")
    static let xQueueWait = Self.known("x-queue-wait")
    static let lastEventID = Self.known("last-event-id")
    static let xActor = Self.known("x-actor")
    static let referrerPolicy = Self.known("referrer-policy")
    static let xNextCursor = Self.known("x-next-cursor")
    static let xPeriod = Self.known("x-period")
    static let traceParent = Self.known(TraceContext.parentName)
    static let traceState = Self.known(TraceContext.stateName)

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("'\(name)' is not a header name") }
        return name
    }
}
