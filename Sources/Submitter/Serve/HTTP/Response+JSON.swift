import HTTPTypes
import Hummingbird
import NIOCore
import Shared

extension Response {
    static func json(_ value: JSON, status: HTTPResponse.Status = .ok) -> Response {
        json(ByteBuffer(bytes: value.encoded), status: status)
    }

    static func json(_ body: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
    }

    static func list(_ rows: [JSON]) -> Response { .json(["object": "list", "data": .array(rows)]) }
}
