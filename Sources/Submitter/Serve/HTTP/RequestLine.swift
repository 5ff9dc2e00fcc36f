import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Shared

/// Logs one request in a line, counts it and ends its span, when the last byte of its answer is written or its caller
/// has left.
///
/// The line has nothing of body, headers and query, which may be secret. Probes and scrapes are logged at `debug`.
struct RequestLine: Sendable {
    private let began = ContinuousClock.now
    private let level: Logger.Level
    private let logger: Logger
    private var fields: Logger.Metadata
    private var counted: (route: HTTPMetrics.Route, status: HTTPResponse.Status)?
    private var span: RequestSpan?

    init(_ request: Request, id: String, logger: Logger) {
        self.logger = logger
        level = Self.probes.contains(request.uri.path) ? .debug : .info
        fields = [
            LogKey.method: "\(request.method.rawValue)", LogKey.path: "\(request.uri.path.prefix(256))",
            LogKey.request: "\(id)",
        ]
    }

    private static let probes: Set<String> = [
        "/live", "/ready", "/metrics", "/api/v1/status/health", "/api/v1/queue/scaling",
    ]

    /// Begins the request's span where it has one, and returns the context of what follows from the request.
    ///
    /// Probes and scrapes have none.
    mutating func trace(_ request: Request, _ tracer: Tracer) -> TraceContext? {
        let caller = TraceContext(request.headers)
        guard level != .debug else { return caller }
        let (span, context) = tracer.enter(RequestSpan.method(request.method).name, .server, from: caller)
        self.span = span.map { RequestSpan($0, request, tracer) }
        return context
    }

    /// `path` is the one that the router has found.
    mutating func answered(_ response: Response, on route: HTTPMetrics.Route, path: String?) {
        counted = (route, response.status)
        span?.answered(response, on: path)
        fields[LogKey.status] = "\(response.status.code)"
        if let job = response.headers[.xJobID] { fields[LogKey.job] = "\(job)" }
    }

    /// The same body, with the line and the count at its end.
    func written(after body: ResponseBody) -> ResponseBody {
        ResponseBody(contentLength: body.contentLength) { writer in
            do {
                try await body.write(writer)
            } catch {
                ended(reason: "the answer was not taken to its end")
                throw error
            }
            ended()
        }
    }

    private func ended(reason: String? = nil) {
        let duration = ContinuousClock.now - began
        if let (route, status) = counted { route.ended(status, after: duration) }
        span?.ended(isWhole: reason == nil)
        guard logger.logLevel <= level else { return }
        var fields = fields
        fields[LogKey.milliseconds] = "\(duration.milliseconds)"
        if let reason { fields[LogKey.reason] = "\(reason)" }
        logger.log(level: level, "request ended", metadata: fields)
    }
}
