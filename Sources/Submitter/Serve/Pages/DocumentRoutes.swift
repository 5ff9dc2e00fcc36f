import Hummingbird
import NIOCore
import Shared
import Synchronization

/// Answers `/openapi.json`, which is made at the first request and then kept as bytes.
final class DocumentRoutes: Sendable {
    private struct Document {
        let bytes: ByteBuffer
        let hash: String
    }

    private let make: @Sendable () -> JSON
    private let made = Mutex<Document?>(nil)

    init(_ make: @escaping @Sendable () -> JSON) { self.make = make }

    func show(_ request: Request, _ context: ShimContext) async -> Response {
        // Making it takes milliseconds, which the event loop does not have.
        let isMade = made.withLock { $0 != nil }
        let document = await onPool(if: !isMade) { current() }
        return .unlessKnown(document.bytes, type: "application/json", hash: document.hash, to: request)
    }

    private func current() -> Document {
        made.withLock { made in
            if let made { return made }
            let bytes = make().encoded
            let document = Document(bytes: ByteBuffer(bytes: bytes), hash: bytes.sha256Hex)
            made = document
            return document
        }
    }
}
