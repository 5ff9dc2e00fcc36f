import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Shared

/// Gives every request its id, turns every error into an answer in its door's format, and logs and counts how the
/// request went.
///
/// It is the outermost layer. In: any request. Out: always a response with `X-Request-Id`. A path that only lacks the
/// method is a 405. Everything unexpected is a 500 without detail, which goes to the log.
struct ErrorMiddleware: RouterMiddleware {
    let table: RouteTable
    let metrics: HTTPMetrics
    /// `nil` where tracing is off.
    let tracer: Tracer?
    let logger: Logger
    let isDraining: @Sendable () -> Bool

    func handle(
        _ request: Request, context: ShimContext,
        next: @concurrent (Request, ShimContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.requestID(request)
        var line = RequestLine(request, id: context.requestID, logger: logger)
        if let tracer { context.trace = line.trace(request, tracer) }
        var response: Response
        do {
            response = try await answer(request, context, next)
        } catch {
            let format = table.format(of: request.uri.path)
            response = format.error(apiError(error, context), requestID: context.requestID)
        }
        response.headers[.xRequestID] = context.requestID
        if isDraining() { response.headers[.connection] = "close" }
        line.answered(response, on: metrics.route(context.endpointPath, request.method), path: context.endpointPath)
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

    /// The caller's own if it is printable ASCII up to 128 bytes, so that it can stand in any log line, else one of
    /// ours.
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
