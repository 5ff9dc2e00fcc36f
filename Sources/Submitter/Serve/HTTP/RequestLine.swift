import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Shared

/// Logs one request in a line, when the last byte of its answer is written or its caller has left.
///
/// It has nothing of body, headers and query, which may be secret. Probes are logged at `debug`.
struct RequestLine: Sendable {
    private let began = ContinuousClock.now
    private let level: Logger.Level
    private let logger: Logger
    private var fields: Logger.Metadata

    init(_ request: Request, id: String, logger: Logger) {
        self.logger = logger
        level = Self.probes.contains(request.uri.path) ? .debug : .info
        fields = [
            LogKey.method: "\(request.method.rawValue)", LogKey.path: "\(request.uri.path.prefix(256))",
            LogKey.request: "\(id)",
        ]
    }

    private static let probes: Set<String> = ["/live", "/ready", "/api/v1/status/health"]

    mutating func answered(_ response: Response) {
        fields[LogKey.status] = "\(response.status.code)"
        if let job = response.headers[.xJobID] { fields[LogKey.job] = "\(job)" }
    }

    /// The same body, with the line at its end.
    func written(after body: ResponseBody) -> ResponseBody {
        guard logger.logLevel <= level else { return body }
        return ResponseBody(contentLength: body.contentLength) { writer in
            do {
                try await body.write(writer)
            } catch {
                write(reason: "the answer was not taken to its end")
                throw error
            }
            write()
        }
    }

    private func write(reason: String? = nil) {
        var fields = fields
        fields[LogKey.milliseconds] = "\((ContinuousClock.now - began).milliseconds)"
        if let reason { fields[LogKey.reason] = "\(reason)" }
        logger.log(level: level, "request ended", metadata: fields)
    }
}
