import NIOCore
import Shared

/// Writes `chat.completion` objects and `chat.completion.chunk` events, and vectors: the neutral form itself.
struct ChatFormat: ResponseFormat {
    static let idPrefix = "chatcmpl-"
    static let chunkObject = "chat.completion.chunk"

    /// The completion's bytes pass through untouched.
    func whole(_ end: RequestEnd) -> ByteBuffer { end.result }

    func stream(_ start: StreamStart) -> EventStream {
        EventStream(start, idPrefix: Self.idPrefix, object: Self.chunkObject)
    }
}
