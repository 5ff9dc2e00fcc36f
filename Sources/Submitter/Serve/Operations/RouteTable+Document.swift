import HTTPTypes
import Shared

extension RouteTable {
    /// The whole table as an OpenAPI document.
    var document: APIDocument {
        APIDocument(
            routes.map { APIDocument.Route(method: $0.method.rawValue, path: $0.path, operation: $0.operation()) },
            APIDocument.Common(error: .error, refusals: .everywhere), text: Self.overview)
    }

    private static let overview = """
        One service through which backends call every AI platform they pay for: a job queue over Redis. An accepted request \
        is never lost, every attempt is billed once, a burst waits instead of failing, and a broken stream can be resumed.

        - Every request may have an `X-Request-Id` of up to 128 printable characters, and every answer has one.
        - Every error has one shape, `{"error": {"message", "type", "code", "param", "request_id"}}`. Where it is about a \
        request in the queue, it has `job_id`, and the answer `X-Job-Id`.
        - Unknown paths are 404, and other methods of a path 405 with `Allow`. `HEAD` works where `GET` does.
        - Bytes that are no request for this server are refused before any path sees them: 400 `invalid_http`, 417 \
        `unsupported_expectation`, 431 `headers_too_large`, 505 `unsupported_http_version`.
        - Ids with slashes stand in paths as they are or percent-encoded.
        - There is no authentication yet: keep `SERVICE_HOST` a loopback address.
        """
}
