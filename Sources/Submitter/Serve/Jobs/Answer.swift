import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Waits for the end of a request and makes one HTTP answer of it; the completion's bytes pass through untouched.
struct WholeAnswer {
    let accepted: JobSubmission.Accepted
    let style: ModelCall.Style

    func response() async throws(APIError) -> Response {
        try await accepted.lease.naming { () async throws(APIError) in try await unnamed() }
    }

    private func unnamed() async throws(APIError) -> Response {
        let lease = accepted.lease
        while true {
            switch await lease.next() {
            case .events(let events):
                guard case .end(let end)? = events.last else { continue }
                return try answer(end)
            case .silence, .waiting: continue
            case .expired:
                lease.giveUp()
                throw .expired
            case .forgotten: throw .forgotten
            case .gone: throw .callerLeft
            case .stopped: throw .stopping
            }
        }
    }

    private func answer(_ end: RequestEnd) throws(APIError) -> Response {
        if accepted.isForgettable, !accepted.lease.reply.wasRepeated { accepted.lease.hub.forget(accepted.lease.id) }
        if let failure = end.failure { throw APIError(failure, meta: end.meta) }
        let body = try styled(end)
        var response = Response.json(body)
        if body.readableBytes > QueueScripts.largestMessage {
            let lease = accepted.lease
            response.body = .inPieces(body, willWrite: { lease.willWrite() }, didWrite: { lease.didWrite() })
        }
        response.headers[.xJobID] = accepted.lease.id
        response.headers[.xCache] = Self.cacheState(end.meta)
        response.headers[.xDroppedParams] = Self.droppedParams(end.meta)
        return response
    }

    /// The names of parameters that were left out, in one line; `nil` where there are none.
    ///
    /// Parsed only where the bytes begin with them.
    static func droppedParams(_ meta: ByteBuffer) -> String? {
        let bytes = meta.readableBytesView
        guard bytes.starts(with: "{\"\(AnswerMeta.droppedKey)\":".utf8), let meta = try? JSON(parsing: Array(bytes))
        else {
            return nil
        }
        return meta[AnswerMeta.droppedKey]?.arrayValue?.compactMap(\.stringValue).joined(separator: ", ")
    }

    private func styled(_ end: RequestEnd) throws(APIError) -> ByteBuffer {
        switch style {
        case .openAI: return end.result
        case .native:
            guard let meta = try? JSON(parsing: Array(end.meta.readableBytesView)) else { return end.result }
            return RouteMembers(meta).spliced(into: end.result)
        case .text:
            guard let text = TextCompletion.make(from: end.result) else {
                throw APIError(
                    .badGateway, .server, code: "upstream_error", "The platform's answer is no completion.")
            }
            return text
        }
    }

    /// `hit` or `miss`; `nil` where no kept answer was looked for.
    ///
    /// Read off the end of the bytes: parsing them only for this would cost every answer.
    static func cacheState(_ meta: ByteBuffer) -> String? {
        let bytes = meta.readableBytesView
        if bytes.suffix(14).elementsEqual(#""cached":true}"#.utf8) { return "hit" }
        return bytes.suffix(15).elementsEqual(#""cached":false}"#.utf8) ? "miss" : nil
    }
}

/// Writes a request's events to its caller as they come.
///
/// The head is held back until there is something to say, so that a failure before the first token has its own status;
/// after a ping interval of silence, or when the request is found to wait for its turn, it is sent with a comment.
struct StreamedAnswer {
    let lease: ReplyLease
    let stream: EventStream
    let requestID: String
    /// The caller has text from before: a restart must be announced.
    var isResumed = false

    func response() async throws(APIError) -> Response {
        try await lease.naming { () async throws(APIError) in try await unnamed() }
    }

    private func unnamed() async throws(APIError) -> Response {
        let first = await lease.next()
        switch first {
        case .events(let events):
            if case .end(let end)? = events.first, let failure = end.failure {
                throw APIError(failure, meta: end.meta)
            }
        case .silence, .waiting: break
        case .expired:
            lease.giveUp()
            throw .expired
        case .forgotten:
            lease.abandon()
            throw .forgotten
        case .gone: throw .callerLeft
        case .stopped: throw .stopping
        }
        return Self.response(lease.id, ResponseBody { writer in try await write(first, to: &writer) })
    }

    static func response(_ id: String, _ body: ResponseBody) -> Response {
        var response = Response(status: .ok, body: body)
        response.headers = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache", .xAccelBuffering: "no",
            .xJobID: id,
        ]
        return response
    }

    @concurrent private func write(_ first: ReplySubscription.Batch, to writer: inout any ResponseBodyWriter)
        async throws
    {
        var batch = first
        var hasText = isResumed
        var written = ContinuousClock.now
        while true {
            var out = ByteBuffer()
            let isOver = try append(batch, to: &out, &hasText)
            // What says nothing to this caller, thoughts before a text, keeps no ping away.
            if out.readableBytes == 0, !isOver, ContinuousClock.now - written >= lease.hub.configuration.ping {
                EventStream.appendPing(to: &out)
            }
            if out.readableBytes > 0 {
                written = .now
                lease.willWrite()
                try await writer.write(out)
                lease.didWrite()
            }
            if isOver { break }
            batch = await lease.next()
        }
        try await writer.finish(nil)
    }

    /// Returns whether the stream is complete.
    private func append(_ batch: ReplySubscription.Batch, to out: inout ByteBuffer, _ hasText: inout Bool) throws
        -> Bool
    {
        switch batch {
        case .events(let events):
            for event in events where append(event, to: &out, &hasText) { return true }
            return false
        case .silence:
            EventStream.appendPing(to: &out)
            return false
        case .waiting(let notice):
            EventStream.append(notice, to: &out)
            return false
        case .expired:
            lease.giveUp()
            EventStream.append(.expired, requestID: requestID, to: &out)
            return true
        case .forgotten:
            lease.abandon()
            EventStream.append(.forgotten, requestID: requestID, to: &out)
            return true
        case .gone: throw APIError.callerLeft
        case .stopped:
            EventStream.append(.stopping, requestID: requestID, to: &out)
            return true
        }
    }

    private func append(_ event: ReplyEvent, to out: inout ByteBuffer, _ hasText: inout Bool) -> Bool {
        switch event {
        case .delta(let id, let payload):
            hasText = true
            stream.append(payload, id: id, to: &out)
        case .restart(let attempt): if hasText { EventStream.appendRestart(attempt: attempt, to: &out) }
        case .end(let end):
            if let failure = end.failure {
                EventStream.append(APIError(failure, meta: end.meta), requestID: requestID, to: &out)
            } else {
                if end.result.readableBytes > 0, !hasText { stream.append(completion: end.result, to: &out) }
                stream.appendDone(meta: end.meta, to: &out)
            }
            return true
        }
        return false
    }
}

extension ReplyLease {
    /// Errors of a request that is in the queue say which one it is.
    fileprivate func naming<Value>(
        _ answer: () async throws(APIError) -> Value
    ) async throws(APIError) -> Value {
        do throws(APIError) { return try await answer() } catch {
            var error = error
            error.jobID = id
            throw error
        }
    }
}

extension APIError {
    static let expired = APIError(
        .gatewayTimeout, .server, code: "deadline_exceeded", "The request was not answered before its deadline.")
    static let forgotten = APIError(
        .notFound, .notFound, code: "not_found",
        "The answer is not kept any more: its time was over, or the queue has lost it, before its end was read.")
    static let stopping = APIError(
        .serviceUnavailable, .server, code: "shutting_down", "This server is shutting down.", retryAfter: .seconds(1))
    /// Nobody reads it; it is there for the log of a proxy.
    static let callerLeft = APIError(
        .clientClosedRequest, .invalidRequest, code: "cancelled", "The caller closed the connection.")
}

extension ResponseBody {
    /// A body of many megabytes, in pieces of one, so that a caller that takes none can be told from a slow one.
    ///
    /// What the closures hold lives until the last piece is with the caller.
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
