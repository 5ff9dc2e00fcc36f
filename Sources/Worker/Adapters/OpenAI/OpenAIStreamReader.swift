/// The state of one OpenAI-shaped event stream: which choices are open, what the last usage was, how it ended.
import Shared

struct OpenAIStreamReader: Sendable {
    private let dialect: OpenAIDialect
    private var decoder: SSEDecoder
    private var choices: OpenAIChoices
    private var model: String?
    private var requestID: String?
    private var finishReason: String?
    private var hasChoices = false
    /// Choices that appeared and have not finished, and those that have.
    private var open: Set<Int> = []
    private var finished: Set<Int> = []
    private var isDone = false
    private var failure: JobFailure?
    /// The last one wins: it may come with choices, after them, or several times.
    private(set) var usage: TokenUsage?

    var isComplete: Bool { isDone || failure != nil }

    init(_ dialect: OpenAIDialect, maxEventBytes: Int) {
        self.dialect = dialect
        choices = OpenAIChoices(dialect)
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
        guard hasChoices, isDone || open.isEmpty else {
            throw JobFailure(.streamBroken, "The platform's stream ended before the answer did.")
        }
        var end = ChatCompletionEnd(model: model, finishReason: finishReason, usage: usage)
        end.requestID = requestID
        end.deltas = last
        return end
    }

    private mutating func read(_ events: [SSEEvent]) -> [ChatDelta] {
        var deltas: [ChatDelta] = []
        for event in events where !isComplete && !event.data.isEmpty {
            if OpenAIStreamReader.isTerminator(event.data) {
                isDone = true
            } else if let delta = read(event) {
                deltas.append(delta)
            }
        }
        return deltas
    }

    private mutating func read(_ event: SSEEvent) -> ChatDelta? {
        guard case .object(let object)? = try? JSON(parsing: event.data) else {
            failure = JobFailure(.streamBroken, "The platform's stream holds an event that is not a JSON object.")
            return nil
        }
        let value = JSON.object(object)
        if event.name == "error" || UpstreamError.object(value) != nil {
            let body = UpstreamError.object(value) == nil ? JSON.object(["error": value]) : value
            failure = dialect.failures.failure(UpstreamError(openAI: body))
            return nil
        }
        let delta = note(OpenAIChunk(choices.normalised(object)))
        if let gaveUp = choices.failure {
            failure = gaveUp
            return nil
        }
        return delta
    }

    private mutating func note(_ chunk: OpenAIChunk) -> ChatDelta? {
        usage = chunk.usage ?? usage
        model = model ?? chunk.model
        requestID = requestID ?? chunk.id
        for choice in chunk.choices {
            hasChoices = true
            if let reason = choice.finishReason {
                finishReason = finishReason ?? reason
                open.remove(choice.index)
                finished.insert(choice.index)
            } else if !finished.contains(choice.index) {
                open.insert(choice.index)
            }
        }
        return chunk.delta
    }

    /// `[DONE]`, with or without space around it.
    private static func isTerminator(_ data: [UInt8]) -> Bool {
        guard data.count < 16 else { return false }
        let text = data.filter { $0 != 0x20 && $0 != 0x09 }
        return text == Array("[DONE]".utf8)
    }
}
