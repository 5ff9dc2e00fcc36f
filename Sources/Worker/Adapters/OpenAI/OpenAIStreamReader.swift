/// The state of one OpenAI-shaped event stream: which choices are open, what the last usage was, how it ended.
///
/// A stream is complete at `[DONE]`; or, for servers that leave it out, at the clean end of the HTTP body, if every choice
/// that appeared has had its finish reason. Any other end is `streamBroken`.
import Shared

struct OpenAIStreamReader: EventReader {
    private let dialect: OpenAIDialect
    private var choices: OpenAIChoices
    private var model: String?
    private var requestID: String?
    private var finishReason: String?
    private var hasChoices = false
    /// Choices that appeared and have not finished, and those that have.
    private var open: Set<Int> = []
    private var finished: Set<Int> = []
    private(set) var isDone = false
    /// The last one wins: it may come with choices, after them, or several times.
    private(set) var usage: TokenUsage?

    init(_ dialect: OpenAIDialect) {
        self.dialect = dialect
        choices = OpenAIChoices(dialect)
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        if event.isDone {
            isDone = true
            return
        }
        let object = try event.object()
        let value = JSON.object(object)
        if event.name == "error" || UpstreamError.object(value) != nil {
            let body = UpstreamError.object(value) == nil ? JSON.object(["error": value]) : value
            throw dialect.failures.failure(UpstreamError(openAI: body))
        }
        let chunk = OpenAIChunk(choices.normalised(object))
        note(chunk)
        if let failure = choices.failure { throw failure }
        if let delta = chunk.delta { deltas.append(delta) }
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard hasChoices, isDone || open.isEmpty else { throw .endedEarly }
        var end = ChatCompletionEnd(model: model, finishReason: finishReason, usage: usage)
        end.requestID = requestID
        return end
    }

    private mutating func note(_ chunk: OpenAIChunk) {
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
    }
}

extension OpenAIDialect {
    func decoder(
        _ answer: AnswerShape, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<OpenAIStreamReader> {
        AnswerDecoder(answer, OpenAIStreamReader(self), maxEventBytes: maxEventBytes) { body throws(JobFailure) in
            let completion = try OpenAICompletion(body, self)
            var end = completion.end
            end.requestID = end.requestID ?? answer.headers("x-request-id")
            if answer.isStream { end.deltas = completion.deltas } else { end.body = completion.bytes }
            return end
        }
    }
}
