/// The state of one stream of DashScope's: which choices are open, what the last usage was, how it ended.
///
/// There is no terminator: a stream is whole when the body ends after every choice has had its finish reason, since only
/// the last event has the whole usage. An `error` event, or one with a `code`, is a failure.
import Shared

struct DashScopeStreamReader: Sendable {
    private let chunks: ChunkBody
    private var decoder: SSEDecoder
    private var choices: [Int: DashScopeChoiceReader] = [:]
    private var requestID: String?
    private var finishReason: String?
    private var hasSearchInfo = false
    private var failure: JobFailure?
    /// Counts everything so far, in every event.
    private(set) var usage: TokenUsage?

    var isComplete: Bool { failure != nil }

    init(model: String, maxEventBytes: Int) {
        chunks = ChunkBody(model: model)
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
        end.requestID = requestID
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
        if event.name == "error" || DashScopeFailure.inside(value) != nil {
            let status = DashScopeFailure.status(inComment: event.comment)
            failure = DashScopeFailure.failure(value, status: status == 200 ? nil : status)
            return
        }
        note(DashScopeOutput(value), into: &deltas)
    }

    private mutating func note(_ output: DashScopeOutput, into deltas: inout [ChatDelta]) {
        usage = output.usage ?? usage
        requestID = requestID ?? output.requestID
        for choice in output.choices {
            var reader = choices[choice.index] ?? DashScopeChoiceReader(index: choice.index, chunks: chunks)
            deltas += reader.take(choice)
            choices[choice.index] = reader
            finishReason = finishReason ?? reader.finishReason
        }
        if let info = output.searchInfo, !hasSearchInfo {
            hasSearchInfo = true
            deltas.append(chunks.searchInfo(info))
        }
    }
}
