import HTTPTypes
import NIOCore
import NIOHTTP1
import Shared

/// Answers bytes that are no request.
///
/// It is made here because no route ever sees them, and in OpenAI's shape because they came to no door.
enum HTTPRefusal {
    /// Chosen: larger headers are a jar of cookies or an attack.
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
        default: .invalidHTTP
        }
    }

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
