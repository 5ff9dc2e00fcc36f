import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
    /// Content that callers may keep, but must ask for each time: 304 where theirs is the same.
    static func unlessKnown(_ bytes: ByteBuffer, type: String, hash: String, to request: Request) -> Response {
        let tag = "\"\(hash.prefix(32))\""
        var headers: HTTPFields = [.eTag: tag, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff"]
        if let known = request.headers[.ifNoneMatch], known == "*" || known.contains(tag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }
}
