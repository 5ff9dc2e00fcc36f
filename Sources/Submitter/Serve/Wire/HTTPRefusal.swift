import HTTPTypes
import NIOCore
import NIOHTTP1
import Shared

/// The answer to bytes that are no request: nobody else sees them, so it is made where they come in.
enum HTTPRefusal {
    /// Larger, and a caller sends a cookie jar or an attack.
    static let maxHeaderBytes = 80 << 10

    static func error(_ error: HTTPParserError) -> APIError {
        switch error {
        case .headerOverflow:
            APIError(
                HTTPResponse.Status(code: 431, reasonPhrase: "Request Header Fields Too Large"), .invalidRequest,
                code: "headers_too_large", "The headers of the request are larger than \(maxHeaderBytes) bytes.")
        case .invalidVersion:
            APIError(
                .httpVersionNotSupported, .invalidRequest, code: "unsupported_http_version",
                "This server speaks HTTP/1.1 and HTTP/1.0.")
        default: broken
        }
    }

    static let broken = APIError(
        .badRequest, .invalidRequest, code: "invalid_http", "The request is not valid HTTP.")
    static let slow = APIError(
        .requestTimeout, .invalidRequest, code: "request_timeout", "The request body did not arrive in time.")

    /// A whole answer, after which the connection closes.
    static func parts(_ error: APIError, requestID: String) -> [HTTPServerResponsePart] {
        let body = ByteBuffer(bytes: error.json(requestID: requestID).encoded)
        let status = HTTPResponseStatus(statusCode: error.status.code, reasonPhrase: error.status.reasonPhrase)
        let headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": "\(body.readableBytes)", "x-request-id": requestID,
            "connection": "close",
        ]
        return [
            .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), .body(.byteBuffer(body)),
            .end(nil),
        ]
    }
}

/// The body of a request did not arrive within `BODY_TIMEOUT`.
struct SlowBody: Error {}
