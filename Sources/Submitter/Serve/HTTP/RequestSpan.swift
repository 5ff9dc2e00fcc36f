import HTTPTypes
import Hummingbird
import Shared

/// The span of one HTTP request, by OpenTelemetry's conventions for servers.
///
/// It has nothing of the body, of the query and of other headers than the caller's program, which may be secret.
struct RequestSpan: Sendable {
    private var span: TraceSpan
    private let method: String
    private let tracer: Tracer

    init(_ span: TraceSpan, _ request: Request, _ tracer: Tracer) {
        let method = Self.method(request.method)
        var span = span
        span.set(SpanKey.method, text: method.value)
        if method.value != request.method.rawValue {
            span.set(SpanKey.originalMethod, text: request.method.rawValue)
        }
        span.set(SpanKey.path, text: request.uri.path)
        span.set(SpanKey.scheme, text: "http")
        span.set(SpanKey.userAgent, text: request.headers[.userAgent])
        self.span = span
        self.method = method.name
        self.tracer = tracer
    }

    private static let methods: Set<HTTPRequest.Method> = [
        .get, .head, .post, .put, .patch, .delete, .options, .connect, .trace,
    ]

    /// As the span's name and as its attribute have it: callers may make up any number of methods.
    static func method(_ method: HTTPRequest.Method) -> (name: String, value: String) {
        methods.contains(method) ? (method.rawValue, method.rawValue) : ("HTTP", "_OTHER")
    }

    /// `path` is the template that the router has found.
    mutating func answered(_ response: Response, on path: String?) {
        if let path {
            span.rename("\(method) \(path)")
            span.set(SpanKey.route, text: path)
        }
        span.set(SpanKey.status, number: response.status.code)
        span.set(SpanKey.messageID, text: response.headers[.xJobID])
        span.set(SpanKey.requestID, text: response.headers[.xRequestID])
        if response.status.code >= 500 { span.fail("\(response.status.code)") }
    }

    func ended(isWhole: Bool) {
        var span = span
        if !isWhole, !span.hasFailed { span.fail("cancelled") }
        tracer.end(span)
    }
}

extension TraceContext {
    /// From `traceparent` and `tracestate`, `nil` where they are missing or wrong.
    init?(_ headers: HTTPFields) {
        guard let parent = headers[.traceParent] else { return nil }
        self.init(parent: parent, state: headers[.traceState])
    }
}
