/// Decodes bytes, cut anywhere, to server-sent events by the WHATWG rules.
///
/// In: the body of a response as it arrives. Out: events whose empty line has been read. LF, CRLF and CR end lines. A
/// space after the colon, comments, several `data` lines and a byte order mark are treated as in the standard. Bytes
/// stay bytes, so a character cut by TCP is whole again in its event. Fails with `unreadableAnswer` for an event above
/// the limit.
import Shared

struct SSEEvent: Sendable, Equatable {
    /// The `event` field.
    ///
    /// `nil` means "message".
    var name: String?
    /// The `data` lines joined by line feeds.
    ///
    /// Empty for an event with other fields only.
    var data: [UInt8] = []
    /// The `id` field of this event.
    var id: String?
    /// The last comment in the event's lines, which holds DashScope's real status.
    var comment: String?
    /// The data, once it was read as JSON, `nil` where it is none.
    var json: JSON?
    /// The JSON's texts hold parts of characters.
    var hasParts = false
}

struct SSEDecoder: Sendable {
    /// Chosen: four times the largest single event seen (an image answer), to bound the memory of a stream.
    static let defaultMaxEventBytes = 8 * 1024 * 1024

    private let maxEventBytes: Int
    /// The start of a line whose end has not arrived, and how much of it was searched.
    private var partial: [UInt8] = []
    private var event = SSEEvent()
    private var hasFields = false
    private var hasData = false
    /// The last line ended with CR, so an LF that follows belongs to it.
    private var skipsLineFeed = false
    private var isFirstLine = true

    init(maxEventBytes: Int = defaultMaxEventBytes) {
        self.maxEventBytes = maxEventBytes
    }

    /// Appends complete events to `events`, also those before a failure.
    mutating func feed(_ bytes: [UInt8], into events: inout [SSEEvent]) throws(JobFailure) {
        let span = bytes.span
        var start = 0
        while start < span.count {
            if skipsLineFeed {
                skipsLineFeed = false
                if span[start] == UInt8(ascii: "\n") {
                    start += 1
                    continue
                }
            }
            let end = SSEDecoder.lineEnd(span, from: start)
            try checkSize(adding: end - start)
            guard end < span.count else {
                SSEDecoder.append(span.extracting(start..<end), to: &partial)
                return
            }
            skipsLineFeed = span[end] == UInt8(ascii: "\r")
            takeLine(span.extracting(start..<end), into: &events)
            start = end + 1
        }
    }

    /// The event under way at the end of the body.
    ///
    /// The standard drops it. We read it, since servers do forget the empty line after `[DONE]`.
    mutating func finish() -> SSEEvent? {
        var events: [SSEEvent] = []
        if !partial.isEmpty { takeLine([UInt8]().span, into: &events) }
        dispatch(into: &events)
        return events.last
    }

    private static func lineEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n"), bytes[end] != UInt8(ascii: "\r") { end += 1 }
        return end
    }

    private static func append(_ span: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(addingCapacity: span.count) { output in
            for index in span.indices { output.append(span[index]) }
        }
    }

    private func checkSize(adding count: Int) throws(JobFailure) {
        guard event.data.count + partial.count + count <= maxEventBytes else {
            throw .unreadable("holds an event of more than \(maxEventBytes) bytes")
        }
    }

    /// `rest` completes the partial line, if there is one.
    private mutating func takeLine(_ rest: Span<UInt8>, into events: inout [SSEEvent]) {
        guard !partial.isEmpty else { return line(rest, into: &events) }
        SSEDecoder.append(rest, to: &partial)
        let whole = partial
        partial = []
        line(whole.span, into: &events)
    }

    private mutating func line(_ bytes: Span<UInt8>, into events: inout [SSEEvent]) {
        var start = 0
        if isFirstLine {
            isFirstLine = false
            if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { start = 3 }
        }
        guard start < bytes.count else { return dispatch(into: &events) }
        // No field begins like this. It is an error that the platform wrote into its stream without framing (Baidu).
        if bytes[start] == UInt8(ascii: "{") {
            event.name = "error"
            return field([UInt8]("data".utf8).span, bytes.extracting(start..<bytes.count))
        }
        var colon = start
        while colon < bytes.count, bytes[colon] != UInt8(ascii: ":") { colon += 1 }
        var value = min(colon + 1, bytes.count)
        if value < bytes.count, bytes[value] == UInt8(ascii: " ") { value += 1 }
        field(bytes.extracting(start..<colon), bytes.extracting(value..<bytes.count))
    }

    private mutating func field(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        switch name.count {
        case 0: event.comment = SSEDecoder.text(value)
        case 2 where SSEDecoder.text(name) == "id":
            event.id = SSEDecoder.text(value)
            hasFields = true
        case 4 where SSEDecoder.text(name) == "data":
            if hasData { event.data.append(UInt8(ascii: "\n")) }
            SSEDecoder.append(value, to: &event.data)
            hasData = true
            hasFields = true
        case 5 where SSEDecoder.text(name) == "event":
            event.name = SSEDecoder.text(value)
            hasFields = true
        default: return
        }
    }

    private static func text(_ bytes: Span<UInt8>) -> String? {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }

    private mutating func dispatch(into events: inout [SSEEvent]) {
        if hasFields { events.append(event) }
        event = SSEEvent()
        hasFields = false
        hasData = false
    }
}
