import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Shared

/// The outermost layer: gives every request its id, turns every error into OpenAI's shape, and logs how it went.
///
/// In: any request. Out: always a response with `X-Request-Id`; errors of our own as `APIError`, a path that only lacks the
/// method as 405, everything unexpected as 500 without detail (that goes to the log).
struct ErrorMiddleware: RouterMiddleware {
    let table: RouteTable
    let logger: Logger
    let isDraining: @Sendable () -> Bool

    func handle(
        _ request: Request, context: ShimContext,
        next: @concurrent (Request, ShimContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.requestID(request)
        var line = RequestLine(request, id: context.requestID, logger: logger)
        var response: Response
        do {
            response = try await answer(request, context, next)
        } catch {
            response = apiError(error, context).response(requestID: context.requestID)
        }
        response.headers[.xRequestID] = context.requestID
        if isDraining() { response.headers[.connection] = "close" }
        line.answered(response)
        response.body = line.written(after: response.body)
        return response
    }

    private func answer(
        _ request: Request, _ context: ShimContext,
        _ next: @concurrent (Request, ShimContext) async throws -> Response
    ) async throws -> Response {
        let request = try Expectation.met(in: request, by: context.channel)
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return try await table.unrouted(request, context)
        }
    }

    private func apiError(_ error: any Error, _ context: ShimContext) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as RequestError: return APIError(error)
        case let error as JobFailure: return APIError(error)
        case let error as HTTPError:
            return APIError(
                error.status, .invalidRequest, code: "invalid_request", "The request is not valid HTTP for us.")
        default:
            logger.error(
                "a request failed unexpectedly",
                metadata: [LogKey.request: "\(context.requestID)", LogKey.error: "\(error)"])
            return APIError(.internalServerError, .server, code: "internal_error", "The service made a mistake.")
        }
    }

    /// Printable ASCII up to 128 bytes, so that it can stand in any log line; otherwise one of our own.
    private static func requestID(_ request: Request) -> String {
        if let given = request.headers[.xRequestID], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (33...126).contains($0) })
        {
            return given
        }
        return newRequestID()
    }

    static func newRequestID() -> String {
        var generator = SystemRandomNumberGenerator()
        return "req_" + String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
    }
}

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

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("'\(name)' is not a header name") }
        return name
    }
}
