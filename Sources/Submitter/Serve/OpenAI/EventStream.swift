import NIOCore
import Shared

/// Writes the bytes of one SSE answer (pure): log payloads in, events out, spliced without being parsed.
///
/// A payload is one or more chunks without envelope, separated by line feeds. Each becomes one event, and only the last
/// one of a log record carries `id:`, so that `Last-Event-ID` always names a record that was sent whole.
struct EventStream: EventWriter {
    /// Begins every chunk, before its own members.
    private let envelope: ByteBuffer
    private let head: String
    private let includesUsage: Bool
    private let requestID: String
    /// Makes the members that the last chunk has beside usage, out of the answer's meta.
    private let closingMembers: (@Sendable (JSON) -> [(String, JSON)])?

    init(
        _ start: StreamStart, idPrefix: String, object: String,
        closingMembers: (@Sendable (JSON) -> [(String, JSON)])? = nil
    ) {
        head = #"{"id":"\#(idPrefix)\#(start.id)","object":"\#(object)","created":\#(start.created)"#
        envelope = ByteBuffer(string: "data: " + head + (start.includesUsage ? #","usage":null"# : ""))
        includesUsage = start.includesUsage
        requestID = start.requestID
        self.closingMembers = closingMembers
    }

    func write(_ event: StreamEvent, to out: inout ByteBuffer) {
        switch event {
        case .delta(let id, let payload): append(payload, id: id, to: &out)
        case .completion(let completion): append(completion: completion, to: &out)
        case .restart(let attempt): Self.appendRestart(attempt: attempt, to: &out)
        case .done(let meta): appendDone(meta: meta, to: &out)
        case .failed(let error): Self.append(error, requestID: requestID, to: &out)
        case .ping: Self.appendPing(to: &out)
        case .waiting(let notice): Self.append(notice, to: &out)
        }
    }

    func append(_ payload: ByteBuffer, id: RequestLogID, to out: inout ByteBuffer) {
        var rest = payload.readableBytesView
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let chunk = rest[..<end]
            rest = end == rest.endIndex ? rest[end...] : rest[(end + 1)...]
            if rest.isEmpty { append(id, to: &out) }
            append(chunk, to: &out)
        }
    }

    func append(_ id: RequestLogID, to out: inout ByteBuffer) { out.writeString("id: \(id)\n") }

    /// `{"a":1}` → `data: {<envelope>,"a":1}`.
    func append(_ chunk: ByteBufferView, to out: inout ByteBuffer) {
        guard chunk.count >= 2 else { return }
        out.writeImmutableBuffer(envelope)
        if chunk.count > 2 { out.writeStaticString(",") }
        out.writeBytes(chunk.dropFirst())
        out.writeStaticString("\n\n")
    }

    /// A request without deltas that ended well: its message as one chunk.
    func append(completion: ByteBuffer, to out: inout ByteBuffer) {
        guard let chunk = CompletionChunk.make(from: Array(completion.readableBytesView)) else { return }
        append(ByteBuffer(bytes: chunk).readableBytesView, to: &out)
    }

    func appendDone(meta: ByteBuffer, to out: inout ByteBuffer) {
        if includesUsage || closingMembers != nil, let meta = try? JSON(parsing: Array(meta.readableBytesView)) {
            let model = meta["upstream_model"] ?? meta["model"] ?? ""
            var last: JSONObject = ["model": model, "choices": [], "usage": meta["usage"] ?? .null]
            for (name, value) in closingMembers?(meta) ?? [] { last.set(name, value) }
            out.writeString("data: \(head),")
            out.writeBytes(last.encoded.dropFirst())
            out.writeStaticString("\n\n")
        }
        out.writeStaticString("data: [DONE]\n\n")
    }

    /// A failure after the head was sent.
    ///
    /// No `[DONE]` follows, so that no client takes the text for whole.
    static func append(_ error: APIError, requestID: String, to out: inout ByteBuffer) {
        out.writeStaticString("data: ")
        out.writeBytes(error.json(requestID: requestID).encoded)
        out.writeStaticString("\n\n")
    }

    /// No blank line after the comment: it would end an event, and readers that keep the last `id:` (the OpenAI SDK for
    /// Python does) would make one without data of it, which they cannot parse.
    static func appendPing(to out: inout ByteBuffer) { out.writeStaticString(": ping\n") }

    /// In the same form as a ping, for the same reason.
    static func append(_ notice: WaitingNotice, to out: inout ByteBuffer) { out.writeString(": \(notice.comment)\n") }

    static func appendRestart(attempt: UInt64, to out: inout ByteBuffer) {
        out.writeString("event: restart\ndata: {\"attempt\":\(attempt)}\n\n")
    }
}
