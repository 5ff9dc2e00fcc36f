import HTTPTypes
import Hummingbird

extension Response {
    /// Server-sent events, which no proxy keeps or holds back.
    static func eventStream(_ body: ResponseBody) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache", .xAccelBuffering: "no",
            ], body: body)
    }
}
