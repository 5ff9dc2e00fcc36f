import HTTPTypes
import NIOCore
import Shared

/// Writes `text_completion` objects: OpenAI's older shape of texts.
struct TextFormat: ResponseFormat {
    static let idPrefix = "cmpl-"

    func whole(_ end: RequestEnd) throws(APIError) -> ByteBuffer {
        guard let text = TextCompletion.make(from: end.result) else {
            throw APIError(.badGateway, .server, code: "upstream_error", "The platform's answer is no completion.")
        }
        return text
    }

    func stream(_ start: StreamStart) -> TextEventStream {
        TextEventStream(events: EventStream(start, idPrefix: Self.idPrefix, object: "text_completion"))
    }
}

/// Turns the chunks of a chat into chunks of text.
///
/// All other events are those of a chat.
struct TextEventStream: EventWriter {
    let events: EventStream

    func write(_ event: StreamEvent, to out: inout ByteBuffer) {
        switch event {
        case .delta(let id, let payload): append(payload.readableBytesView, id, to: &out)
        case .completion(let completion):
            guard let chunk = CompletionChunk.make(from: Array(completion.readableBytesView)) else { return }
            append(ByteBuffer(bytes: chunk).readableBytesView, nil, to: &out)
        default: events.write(event, to: &out)
        }
    }

    private func append(_ payload: ByteBufferView, _ id: RequestLogID?, to out: inout ByteBuffer) {
        let chunks = TextCompletion.chunks(from: payload)
        for (index, chunk) in chunks.enumerated() {
            if let id, index == chunks.count - 1 { events.append(id, to: &out) }
            events.append(ByteBuffer(bytes: chunk).readableBytesView, to: &out)
        }
    }
}
