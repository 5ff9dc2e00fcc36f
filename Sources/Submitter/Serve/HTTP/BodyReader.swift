import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Shared

/// Reads a JSON body within its bounds, or refuses it.
///
/// 413 over the limit (for packed bodies also unpacked), 503 where the process holds too many bytes already, 415 where
/// the type is clearly not JSON or the encoding unknown, 408 where it takes too long, 400 for anything that is not JSON
/// text in UTF-8. `curl -d` says `application/x-www-form-urlencoded`, which is let through and judged by its content.
struct BodyReader: Sendable {
    let maxBytes: Int
    let budget: BodyBudget

    /// A body with its share of the budget, which must be kept for as long as the bytes are.
    struct Body: Sendable {
        let bytes: [UInt8]
        let json: JSON
        let hold: BodyHold
    }

    func json(_ request: Request) async throws(APIError) -> Body {
        let type = request.headers[.contentType] ?? ""
        if Self.isClearlyNotJSON(type) { throw Self.unsupportedType }
        let isPacked = try Self.isPacked(request.headers)
        let hold = BodyHold(budget)
        var bytes = try await bytes(request, hold)
        if isPacked { bytes = try unpacked(bytes, hold) }
        do throws(JSONError) {
            return Body(bytes: bytes, json: try JSON(parsing: bytes), hold: hold)
        } catch {
            if !type.isEmpty, !type.lowercased().contains("json") { throw Self.unsupportedType }
            throw .invalid(nil, "The request body is not valid: \(error).", code: "invalid_json")
        }
    }

    private func bytes(_ request: Request, _ hold: BodyHold) async throws(APIError) -> [UInt8] {
        let length = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        if length > maxBytes { throw tooLarge }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, length))
        do {
            for try await piece in request.body {
                guard bytes.count + piece.readableBytes <= maxBytes else { throw tooLarge }
                try hold.reach(bytes.count + piece.readableBytes)
                bytes += piece.readableBytesView
            }
            return bytes
        } catch {
            throw Self.refusal(error)
        }
    }

    /// The answer where reading a body failed.
    static func refusal(_ error: any Error) -> APIError {
        switch error {
        case let error as APIError: error
        case is SlowBody: .slowBody
        case is HTTPParserError: .invalidHTTP
        default: APIError(.clientClosedRequest, .invalidRequest, code: "cancelled", "The request body was cut off.")
        }
    }

    // MARK: - Packed bodies

    private static let encodings: Set<String> = ["gzip", "x-gzip", "deflate"]

    private static func isPacked(_ headers: HTTPFields) throws(APIError) -> Bool {
        guard let encoding = headers[.contentEncoding]?.lowercased(), encoding != "identity" else { return false }
        guard encodings.contains(encoding) else {
            throw APIError(
                .unsupportedMediaType, .invalidRequest, code: "unsupported_content_encoding",
                "Send the body as it is, or packed by gzip or deflate.", param: "Content-Encoding",
                fields: [.acceptEncoding: "gzip, deflate"])
        }
        return true
    }

    /// Stops as soon as the result is too large.
    private func unpacked(_ packed: [UInt8], _ hold: BodyHold) throws(APIError) -> [UInt8] {
        var bytes: [UInt8] = []
        let inflater = try Self.sound { () throws(Inflater.Damaged) in try Inflater(packed) }
        while let piece = try Self.sound({ () throws(Inflater.Damaged) in try inflater.next() }) {
            guard bytes.count + piece.count <= maxBytes else { throw tooLarge }
            try hold.reach(packed.count + bytes.count + piece.count)
            bytes += piece
        }
        return bytes
    }

    private static func sound<Value>(_ unpack: () throws(Inflater.Damaged) -> Value) throws(APIError) -> Value {
        do throws(Inflater.Damaged) { return try unpack() } catch {
            throw .invalid(
                "Content-Encoding", "The request body is not packed as its Content-Encoding says.",
                code: "invalid_content_encoding")
        }
    }

    private var tooLarge: APIError {
        APIError(
            .contentTooLarge, .invalidRequest, code: "request_too_large",
            "The request body is larger than \(maxBytes) bytes.")
    }

    private static let unsupportedType = APIError(
        .unsupportedMediaType, .invalidRequest, code: "unsupported_media_type", "Send application/json.")

    private static func isClearlyNotJSON(_ type: String) -> Bool {
        let type = type.lowercased()
        if type.contains("json") { return false }
        return ["multipart/", "image/", "audio/", "video/", "text/html", "text/xml", "application/xml"]
            .contains { type.hasPrefix($0) }
    }
}
