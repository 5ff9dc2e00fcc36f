import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Writes a request's events to its caller as they come.
///
/// The head is held back until there is something to say, so that a failure before the first token has its own status.
/// After a ping interval of silence, or when the request is found to wait for its turn, it is sent with a comment.
struct StreamedAnswer {
    let lease: ReplyLease
    let events: any EventWriter
    /// The caller has text from before, so a restart must be announced.
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
            lease.cancel()
            throw .expired
        case .forgotten:
            lease.release()
            throw .forgotten
        case .gone: throw .callerLeft
        case .stopped: throw .stopping
        }
        return Self.response(lease.id, ResponseBody { writer in try await write(first, to: &writer) })
    }

    static func response(_ id: String, _ body: ResponseBody) -> Response {
        var response = Response.eventStream(body)
        response.headers[.xJobID] = id
        return response
    }

    @concurrent private func write(_ first: ReplySubscription.Batch, to writer: inout any ResponseBodyWriter)
        async throws
    {
        lease.hub.streamStarted()
        defer { lease.hub.streamEnded() }
        var batch = first
        var stream = WrittenStream(events: events, hasText: isResumed)
        var written = ContinuousClock.now
        while true {
            var out = ByteBuffer()
            let isOver = try stream.append(batch, of: lease, to: &out)
            // Events that are no bytes for this caller, such as thoughts before a text, do not replace a ping.
            if out.readableBytes == 0, !isOver, ContinuousClock.now - written >= lease.hub.configuration.ping {
                stream.events.write(.ping, to: &out)
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
}

/// The state of a stream while it is written.
private struct WrittenStream {
    var events: any EventWriter
    /// The caller has text that a restart would void.
    var hasText: Bool

    /// Returns true when the stream is complete.
    mutating func append(
        _ batch: ReplySubscription.Batch, of lease: ReplyLease, to out: inout ByteBuffer
    ) throws(APIError) -> Bool {
        switch batch {
        case .events(let events):
            for event in events where append(event, to: &out) { return true }
            return false
        case .silence:
            events.write(.ping, to: &out)
            return false
        case .waiting(let notice):
            events.write(.waiting(notice), to: &out)
            return false
        case .expired:
            lease.cancel()
            events.write(.failed(.expired), to: &out)
        case .forgotten:
            lease.release()
            events.write(.failed(.forgotten), to: &out)
        case .gone: throw APIError.callerLeft
        case .stopped: events.write(.failed(.stopping), to: &out)
        }
        return true
    }

    private mutating func append(_ event: ReplyEvent, to out: inout ByteBuffer) -> Bool {
        switch event {
        case .delta(let id, let payload):
            hasText = true
            events.write(.delta(id, payload), to: &out)
        case .restart(let attempt): if hasText { events.write(.restart(attempt: attempt), to: &out) }
        case .end(let end):
            append(end, to: &out)
            return true
        }
        return false
    }

    private mutating func append(_ end: RequestEnd, to out: inout ByteBuffer) {
        if let failure = end.failure {
            return events.write(.failed(APIError(failure, meta: end.meta)), to: &out)
        }
        if end.result.readableBytes > 0, !hasText { events.write(.completion(end.result), to: &out) }
        events.write(.done(meta: end.meta), to: &out)
    }
}
