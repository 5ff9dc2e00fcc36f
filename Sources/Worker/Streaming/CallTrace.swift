import Shared
import Synchronization

/// The span of one call to a platform, while the call goes on, and what the platform is told of the trace.
final class CallTrace: Sendable {
    /// `traceparent` and `tracestate`, none where platforms are not told.
    let headers: [(String, String)]
    private let tracer: Tracer
    /// `nil` where the trace is not recorded, and once the span has ended.
    private let span: Mutex<TraceSpan?>

    /// `context` is the span's own, or that of the request where it has no span.
    init(_ span: TraceSpan?, _ context: TraceContext?, _ tracer: Tracer) {
        self.span = Mutex(span)
        self.tracer = tracer
        guard tracer.reachesPlatforms, let context else {
            headers = []
            return
        }
        headers =
            [(TraceContext.parentName, context.parent)] + (context.state.map { [(TraceContext.stateName, $0)] } ?? [])
    }

    /// Notes the platform's server, of which only host and port are shown.
    func sent(to url: String) {
        span.withLock { span in
            // A call that is made again with a new credential goes to the same server.
            guard var changed = span, !changed.has(SpanKey.serverAddress), let server = ServerAddress(url) else {
                return
            }
            changed.set(SpanKey.serverAddress, text: server.host)
            changed.set(SpanKey.serverPort, number: server.port)
            span = changed
        }
    }

    /// Ends the span with what is known of it at the end.
    func ended(_ describe: (inout TraceSpan) -> Void) {
        let ended = span.withLock { span in
            defer { span = nil }
            return span
        }
        guard var ended else { return }
        describe(&ended)
        tracer.end(ended)
    }
}

/// Host and port of a URL.
struct ServerAddress: Equatable {
    let host: String
    /// `nil` for the usual one of the scheme, and for one that is no number.
    let port: Int?

    init?(_ url: String) {
        guard let separator = url.firstRange(of: "://") else { return nil }
        let authority = url[separator.upperBound...].prefix { !"/?#".contains($0) }
        let server = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        // An address of IPv6 stands in brackets, and has colons of its own.
        let bracket = server.hasPrefix("[") ? server.lastIndex(of: "]") : nil
        let colon = server[(bracket ?? server.startIndex)...].firstIndex(of: ":")
        let host = server[..<(colon ?? server.endIndex)]
        guard !host.isEmpty else { return nil }
        self.host = String(host.filter { !"[]".contains($0) })
        port = colon.flatMap { Int(server[server.index(after: $0)...]) }
    }
}
