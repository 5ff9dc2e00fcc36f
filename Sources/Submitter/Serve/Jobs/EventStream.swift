import NIOCore
import Shared

/// The bytes of one SSE answer (pure): log payloads in, events out, spliced without being parsed.
///
/// A payload is one or more chunks without envelope, separated by line feeds; each becomes one event, and only the last one
/// of a log record carries `id:`, so that `Last-Event-ID` always names a record that was sent whole.
struct EventStream: Sendable {
    /// What stands in every chunk before its own members.
    private let envelope: ByteBuffer
    private let head: String
    let includesUsage: Bool
    let style: ModelCall.Style

    init(id: String, created: Int64, includesUsage: Bool, style: ModelCall.Style) {
        head = #"{"id":"\#(style.idPrefix)\#(id)","object":"\#(style.chunk)","created":\#(created)"#
        envelope = ByteBuffer(string: "data: " + head + (includesUsage ? #","usage":null"# : ""))
        self.includesUsage = includesUsage
        self.style = style
    }

    /// The native API adds route and cost to the last chunk.
    private var addsRoute: Bool { style == .native }

    func append(_ payload: ByteBuffer, id: RequestLogID, to out: inout ByteBuffer) {
        if style == .text { return append(texts: payload.readableBytesView, id, to: &out) }
        var rest = payload.readableBytesView
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let chunk = rest[..<end]
            rest = end == rest.endIndex ? rest[end...] : rest[(end + 1)...]
            if rest.isEmpty { out.writeString("id: \(id)\n") }
            append(chunk, to: &out)
        }
    }

    private func append(texts payload: ByteBufferView, _ id: RequestLogID?, to out: inout ByteBuffer) {
        let chunks = TextCompletion.chunks(from: payload)
        for (index, chunk) in chunks.enumerated() {
            if let id, index == chunks.count - 1 { out.writeString("id: \(id)\n") }
            append(ByteBuffer(bytes: chunk).readableBytesView, to: &out)
        }
    }

    /// `{"a":1}` → `data: {<envelope>,"a":1}`.
    private func append(_ chunk: ByteBufferView, to out: inout ByteBuffer) {
        guard chunk.count >= 2 else { return }
        out.writeImmutableBuffer(envelope)
        if chunk.count > 2 { out.writeStaticString(",") }
        out.writeBytes(chunk.dropFirst())
        out.writeStaticString("\n\n")
    }

    /// A request without deltas that ended well: its message as one chunk.
    func append(completion: ByteBuffer, to out: inout ByteBuffer) {
        guard let chunk = CompletionChunk.make(from: Array(completion.readableBytesView)) else { return }
        let bytes = ByteBuffer(bytes: chunk).readableBytesView
        if style == .text { append(texts: bytes, nil, to: &out) } else { append(bytes, to: &out) }
    }

    func appendDone(meta: ByteBuffer, to out: inout ByteBuffer) {
        if includesUsage || addsRoute, let meta = try? JSON(parsing: Array(meta.readableBytesView)) {
            let model = meta["upstream_model"] ?? meta["model"] ?? ""
            var last: JSONObject = ["model": model, "choices": [], "usage": meta["usage"] ?? .null]
            if addsRoute { for (name, value) in RouteMembers(meta).members { last.set(name, value) } }
            out.writeString("data: \(head),")
            out.writeBytes(last.encoded.dropFirst())
            out.writeStaticString("\n\n")
        }
        out.writeStaticString("data: [DONE]\n\n")
    }

    /// A failure after the head was sent; nothing follows, so that no client takes the text for whole.
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

/// What the native API says beside OpenAI's members: `provider`, `account`, `cost`, `attempts`; `cached` where a kept answer
/// was looked for, `dropped_params` where the model did not take all.
struct RouteMembers {
    let members: [(String, JSON)]

    init(_ meta: JSON) {
        let route = ["provider", "account", "cost", "currency", "attempts"].map { ($0, meta[$0] ?? .null) }
        members = route + ["cached", AnswerMeta.droppedKey].compactMap { name in meta[name].map { (name, $0) } }
    }

    /// The members in front of the members of `completion`, whose bytes stay as they are.
    func spliced(into completion: ByteBuffer) -> ByteBuffer {
        guard completion.readableBytesView.first == UInt8(ascii: "{") else { return completion }
        var object = JSONObject()
        for (name, value) in members { object.set(name, value) }
        var out = ByteBuffer(bytes: object.encoded.dropLast())
        let rest = completion.readableBytesView.dropFirst()
        if rest.first(where: { $0 > 32 }) != UInt8(ascii: "}") { out.writeStaticString(",") }
        out.writeBytes(rest)
        return out
    }
}
