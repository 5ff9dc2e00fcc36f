/// The state of one OpenAI-compatible event stream: its choices, the last usage, and its end.
///
/// A stream is complete at `[DONE]`. Some servers leave that out, and then the clean end of the HTTP body counts, if
/// every choice that began, and as many as were asked for, have had their finish reason. A `[DONE]` after which some
/// choices have a reason and others none does not come from a server that writes reasons, and like any other end it is
/// `streamBroken`. A server that gives no choice a reason is believed, and each choice gets the reason that fits its
/// content.
import Shared

struct OpenAIStreamReader: EventReader {
    private let words: OpenAIAnswerWords
    private let context: ResponseContext
    private var model: String?
    private var requestID: String?
    private var choices: [Int: OpenAIStreamedChoice] = [:]
    private var frame = ChunkFrame()
    private(set) var isDone = false
    /// Usage may come with choices, after them, or several times.
    private var counts = UsageCounts()
    var usage: TokenUsage? { counts.tokens }

    init(_ words: OpenAIAnswerWords, _ context: ResponseContext) {
        self.words = words
        self.context = context
    }

    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure) {
        if event.isDone {
            isDone = true
            return
        }
        let object = try event.object()
        let given = object["choices"]?.arrayValue ?? []
        if event.name != nil || !frame.isRepeated(by: object, given) {
            let value = JSON.object(object)
            if let failure = words.failures.failure(inside: value) { throw failure }
            if event.name == "error" { throw words.failures.failure(UpstreamError(openAI: value)) }
            counts.note(answer: object)
            model = model ?? object["model"]?.text
            requestID = requestID ?? object["id"]?.stringValue
            let envelope = envelope(of: object)
            guard !given.isEmpty else {
                frame.forget()
                return take(object, envelope, into: &deltas)
            }
            frame = ChunkFrame(object, envelope: envelope)
        }
        try take(given, into: &deltas)
    }

    func end() throws(JobFailure) -> ChatCompletionEnd {
        guard isComplete else { throw .endedEarly }
        var end = ChatCompletionEnd(model: model, finishReason: nil, usage: usage)
        for (_, choice) in choices.sorted(by: { $0.key < $1.key }) {
            let (deltas, reason) = choice.end(frame.envelope)
            end.deltas += deltas
            end.finishReason = end.finishReason ?? reason
        }
        end.requestID = requestID
        return end
    }

    private var isComplete: Bool {
        let ended = choices.values.count { $0.hasEnded }
        guard !choices.isEmpty else { return false }
        if isDone { return ended == choices.count || ended == 0 }
        return ended == choices.count && ended >= context.choices
    }

    // MARK: - Chunks

    /// Reads a chunk without choices: a content-filter note of some servers, usage, or a ping.
    private func take(_ chunk: JSONObject, _ envelope: JSONObject, into deltas: inout [ChatDelta]) {
        if TokenUsage(counting: chunk["usage"]) == nil, envelope.members.contains(where: { $0.key != "model" }) {
            deltas.append(.chunk([], envelope))
        }
    }

    private mutating func take(_ given: [JSON], into deltas: inout [ChatDelta]) throws(JobFailure) {
        let envelope = frame.envelope
        var members: [JSON] = []
        for (position, choice) in given.enumerated() {
            guard let object = choice.objectValue, let index = Self.index(of: object, position) else { continue }
            switch try said(object, index, envelope, isAlone: given.count == 1) {
            case .nothing: break
            case .text(let text): deltas.append(ChatDelta(text))
            case .members(let choice): members.append(.object(choice))
            }
        }
        if !members.isEmpty { deltas.append(.chunk(members, envelope)) }
    }

    private mutating func said(
        _ choice: JSONObject, _ index: Int, _ envelope: JSONObject, isAlone: Bool
    ) throws(JobFailure) -> OpenAIStreamedChoice.Said {
        // In place, since a copy would copy all its calls, too.
        try choices[index, default: OpenAIStreamedChoice(index: index, words, context.calls)]
            .take(choice, envelope, isAlone: isAlone)
    }

    private static func index(of choice: JSONObject, _ position: Int) -> Int? {
        let index = choice["index"]?.intValue ?? position
        return ChoiceIndex.isKept(index) ? index : nil
    }

    /// Members that we write (`id`, `object`, `created`), that are read here (`usage`, `choices`), or that are padding.
    private static func isDropped(_ name: String) -> Bool {
        switch name {
        case "id", "object", "created", "usage", "obfuscation", "choices", "error": true
        default: false
        }
    }

    /// The members around the choices without nulls.
    ///
    /// The model is always among them.
    private func envelope(of chunk: JSONObject) -> JSONObject {
        var envelope = chunk.filter { $0.value != .null && !Self.isDropped($0.key) }
        if envelope["model"]?.text == nil { envelope.set("model", .string(model ?? context.model)) }
        return envelope
    }
}

extension OpenAIDialect {
    func decoder(
        _ context: ResponseContext, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes
    ) -> AnswerDecoder<OpenAIStreamReader> {
        let words = OpenAIAnswerWords(self)
        return AnswerDecoder(context, OpenAIStreamReader(words, context), maxEventBytes: maxEventBytes) {
            body throws(JobFailure) in
            let response = try OpenAIResponse(body, words, context)
            var end = response.end
            end.requestID = end.requestID ?? context.headers("x-request-id")
            if context.isStream { end.deltas = response.deltas } else { end.body = response.bytes }
            return end
        }
    }
}
