import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Waits for the end of a request and makes one HTTP answer of it.
struct WholeAnswer {
    let accepted: JobSubmission.Accepted
    let format: any ResponseFormat

    func response() async throws(APIError) -> Response {
        try await accepted.lease.naming { () async throws(APIError) in try await unnamed() }
    }

    private func unnamed() async throws(APIError) -> Response {
        let lease = accepted.lease
        while true {
            switch await lease.next() {
            case .events(let events):
                guard case .end(let end)? = events.last else { continue }
                return try await onPool(if: end.result.readableBytes > largestOnLoop) { () throws(APIError) in
                    try answer(end)
                }
            case .silence, .waiting: continue
            case .expired:
                lease.cancel()
                throw .expired
            case .forgotten: throw .forgotten
            case .gone: throw .callerLeft
            case .stopped: throw .stopping
            }
        }
    }

    private func answer(_ end: RequestEnd) throws(APIError) -> Response {
        let lease = accepted.lease
        if accepted.canShortenLog, !lease.reply.wasRepeated { lease.hub.delivered(lease.id) }
        if let failure = end.failure { throw APIError(failure, meta: end.meta) }
        let body = try format.whole(end)
        var response = Response.json(body)
        if body.readableBytes > QueueScripts.largestMessage {
            response.body = .inPieces(body, willWrite: { lease.willWrite() }, didWrite: { lease.didWrite() })
        }
        response.headers[.xJobID] = lease.id
        response.headers[.xCache] = AnswerHeaders.cacheState(end.meta)
        response.headers[.xDroppedParams] = AnswerHeaders.droppedParams(end.meta)
        return response
    }
}

/// Reads the headers of a whole answer off the bytes of its meta.
enum AnswerHeaders {
    /// The names of parameters that were left out, in one line, or `nil` where there are none.
    ///
    /// Parses only where the bytes begin with them.
    static func droppedParams(_ meta: ByteBuffer) -> String? {
        let bytes = meta.readableBytesView
        guard bytes.starts(with: "{\"\(AnswerMeta.droppedKey)\":".utf8), let meta = try? JSON(parsing: Array(bytes))
        else {
            return nil
        }
        return meta[AnswerMeta.droppedKey]?.arrayValue?.compactMap(\.stringValue).joined(separator: ", ")
    }

    /// `hit` or `miss`, or `nil` where no kept answer was looked for.
    ///
    /// Reads the end of the bytes, because parsing them only for this would cost every answer.
    static func cacheState(_ meta: ByteBuffer) -> String? {
        let bytes = meta.readableBytesView
        if bytes.suffix(14).elementsEqual(#""cached":true}"#.utf8) { return "hit" }
        return bytes.suffix(15).elementsEqual(#""cached":false}"#.utf8) ? "miss" : nil
    }
}

extension ReplyLease {
    /// Has errors of a request that is in the queue say which one it is.
    func naming<Value>(_ answer: () async throws(APIError) -> Value) async throws(APIError) -> Value {
        do throws(APIError) { return try await answer() } catch { throw error.about(job: id) }
    }
}

extension APIError {
    static let expired = APIError(
        .gatewayTimeout, .server, code: "deadline_exceeded", "The request was not answered before its deadline.")
    static let forgotten = APIError(
        .notFound, .notFound, code: "not_found",
        "The answer is not kept any more: its time was over, or the queue has lost it, before its end was read.")
    /// The caller does not read it, but the log of a proxy may.
    static let callerLeft = APIError(
        .clientClosedRequest, .invalidRequest, code: "cancelled", "The caller closed the connection.")
}

extension ResponseBody {
    /// Writes a body of many megabytes in pieces of one, so that a caller that takes none can be told from a slow one.
    ///
    /// The closures, and all they hold, live until the last piece is with the caller.
    static func inPieces(
        _ whole: ByteBuffer, willWrite: @escaping @Sendable () -> Void, didWrite: @escaping @Sendable () -> Void
    ) -> ResponseBody {
        ResponseBody(contentLength: whole.readableBytes) { writer in
            var rest = whole
            while let piece = rest.readSlice(length: min(rest.readableBytes, 1 << 20)), piece.readableBytes > 0 {
                willWrite()
                try await writer.write(piece)
                didWrite()
            }
            try await writer.finish(nil)
        }
    }
}
