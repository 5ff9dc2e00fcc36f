/// The state of one stream of Hunyuan's native API.
///
/// There is no terminator: a stream is whole when the body ends after every choice has had its finish reason. Usage comes
/// with every event, and the last one counts. An `Error` or `ErrorMsg` is a failure.
import Shared

struct HunyuanStreamReader: Sendable {
    private let chunks: ChunkBody
    private let stops: [String]
    private var decoder: SSEDecoder
    private var choices: [Int: HunyuanChoiceReader] = [:]
    private var finishReason: String?
    private var searchInfo: JSON?
    private var failure: JobFailure?
    private(set) var id: String?
    private(set) var usage: TokenUsage?

    var isComplete: Bool { failure != nil }

    init(model: String, stops: [String], maxEventBytes: Int) {
        chunks = ChunkBody(model: model)
        self.stops = stops
        decoder = SSEDecoder(maxEventBytes: maxEventBytes)
    }

    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta] {
        guard !isComplete else { return [] }
        var events: [SSEEvent] = []
        var oversize: JobFailure?
        do throws(JobFailure) {
            try decoder.feed(bytes, into: &events)
        } catch {
            oversize = error
        }
        let deltas = read(events)
        if !isComplete { failure = oversize }
        return deltas
    }

    mutating func finish() throws(JobFailure) -> ChatCompletionEnd {
        var last: [ChatDelta] = []
        if !isComplete, let event = decoder.finish() { last = read([event]) }
        if let failure { throw failure }
        guard !choices.isEmpty, choices.values.allSatisfy({ $0.finishReason != nil }) else {
            throw JobFailure(.streamBroken, "The platform's stream ended before the answer did.")
        }
        var end = ChatCompletionEnd(
            model: chunks.envelope["model"]?.stringValue, finishReason: finishReason, usage: usage)
        end.requestID = id
        end.deltas = last
        return end
    }

    private mutating func read(_ events: [SSEEvent]) -> [ChatDelta] {
        var deltas: [ChatDelta] = []
        for event in events where !isComplete && !event.data.isEmpty { read(event, into: &deltas) }
        return deltas
    }

    private mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) {
        // Not the platform's, but some gateways' on the way.
        if event.data == Array("[DONE]".utf8) { return }
        guard let value = try? JSON(parsing: event.data), value.objectValue != nil else {
            failure = JobFailure(.streamBroken, "The platform's stream holds an event that is not a JSON object.")
            return
        }
        failure = HunyuanFailure.inside(value)
        if failure == nil { note(HunyuanAnswer(value), into: &deltas) }
    }

    private mutating func note(_ answer: HunyuanAnswer, into deltas: inout [ChatDelta]) {
        usage = answer.usage ?? usage
        id = id ?? answer.id
        for choice in answer.choices {
            var reader =
                choices[choice.index] ?? HunyuanChoiceReader(index: choice.index, chunks: chunks, stops: stops)
            deltas += reader.take(choice)
            choices[choice.index] = reader
            finishReason = finishReason ?? reader.finishReason
        }
        if let info = answer.searchInfo, info != searchInfo {
            searchInfo = info
            deltas.append(HunyuanAnswer.chunk(info, chunks))
        }
    }
}

extension HunyuanAnswer {
    /// What the platform's web search found, in a chunk without choices.
    static func chunk(_ searchInfo: JSON, _ chunks: ChunkBody) -> ChatDelta {
        var chunk = chunks.envelope
        chunk.set("choices", [])
        chunk.set("search_info", searchInfo)
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: false, estimate: TokenEstimate())
    }
}
