/// Decodes one answer, whichever platform it comes from: what all of them do alike.
///
/// What a body is shows in its first byte (`AnswerForm`), not in what was asked for or in its content type. So a stream that
/// was answered by one document (an error in a 200, a server that cannot stream) is understood, and events where a whole
/// answer was asked for are put together to one. How the platform writes an event is its `EventReader`'s, how it writes a
/// document is `whole`.
import Shared

struct AnswerDecoder<Events: EventReader>: ResponseDecoder {
    /// Reads a complete document.
    ///
    /// `body` of the end is filled where the request was no stream, `deltas` where it was.
    typealias Whole = @Sendable (_ body: [UInt8]) throws(JobFailure) -> ChatCompletionEnd

    private let context: ResponseContext
    private let whole: Whole
    private(set) var form: AnswerForm?
    /// The bytes before the form is known, then those of a document.
    private var document: [UInt8] = []
    private var opening = AnswerForm.Opening()
    private var decoder: SSEDecoder
    private var split = SplitCharacters()
    private var events: Events
    private var joined = JoinedResponse()
    /// Set where the model says all text again in every event.
    var repeated: RepeatedText?
    private var failure: JobFailure?
    private var hasVisible = false

    init(
        _ context: ResponseContext, _ events: Events, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes,
        whole: @escaping Whole
    ) {
        self.context = context
        self.whole = whole
        self.events = events
        decoder = SSEDecoder(maxEventBytes: maxEventBytes)
    }

    var isComplete: Bool { failure != nil || events.isDone }
    var usage: TokenUsage? { events.usage }

    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta] {
        guard !isComplete else { return [] }
        switch form {
        case nil: return begin(bytes)
        case .document: document += bytes
        case .page: break
        case .events:
            let deltas = readEvents(bytes)
            if context.isStream { return deltas }
            joined.add(deltas)
        }
        return []
    }

    mutating func finish() throws(JobFailure) -> ChatCompletionEnd {
        switch form {
        case nil: throw .unreadable("is empty")
        case .page: throw .webPage
        case .document: return try whole(document)
        case .events: return try finishEvents()
        }
    }

    private mutating func begin(_ bytes: [UInt8]) -> [ChatDelta] {
        document += bytes
        guard let (form, body) = opening.find(in: document) else { return [] }
        self.form = form
        document = []
        if form == .page { failure = .webPage }
        return feed(body)
    }

    private mutating func readEvents(_ bytes: [UInt8]) -> [ChatDelta] {
        var complete: [SSEEvent] = []
        var oversize: JobFailure?
        do throws(JobFailure) {
            try decoder.feed(bytes, into: &complete)
        } catch {
            oversize = error
        }
        let deltas = read(complete)
        if !isComplete { failure = oversize }
        return deltas
    }

    private mutating func finishEvents() throws(JobFailure) -> ChatCompletionEnd {
        // What the end alone completes is shown with a good end only.
        let early = early
        var last: [ChatDelta] = []
        if !isComplete {
            if let event = decoder.finish() { last = read([event]) }
            // Cut in its middle.
            if failure?.kind == .unreadableAnswer { failure = early }
        }
        for event in split.flush() { read(event, into: &last) }
        if let failure { throw failure }
        var end = try ending(early)
        end.deltas = last + once(end.deltas)
        end.requestID = end.requestID ?? context.headers("x-request-id")
        return context.isStream ? end : joined.end(end, of: context)
    }

    /// What it is called where a body ended well, but before the answer did.
    ///
    /// Before anything of an answer came, and where nobody was to see a part of one, the platform has said all that it had to
    /// say, and was paid for it.
    private var early: JobFailure {
        if hasVisible { return context.isStream ? .endedEarly : .unreadable("ends in the midst of it") }
        return context.isHTML ? .webPage : .unreadable("holds nothing but its frame")
    }

    private func ending(_ early: JobFailure) throws(JobFailure) -> ChatCompletionEnd {
        do throws(JobFailure) { return try events.end() } catch { throw error == .endedEarly ? early : error }
    }

    /// A failure is kept for `finish`; what stands before it counts.
    private mutating func read(_ complete: [SSEEvent]) -> [ChatDelta] {
        var deltas: [ChatDelta] = []
        for var event in complete where !event.data.isEmpty && !isComplete {
            event.readJSON()
            if event.hasParts || split.isHolding {
                for event in split.take(event) { read(event, into: &deltas) }
            } else {
                read(event, into: &deltas)
            }
        }
        hasVisible = hasVisible || deltas.contains(where: \.isVisible)
        return deltas
    }

    private mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) {
        guard !isComplete else { return }
        let before = deltas.count
        do throws(JobFailure) {
            try events.read(event, into: &deltas)
        } catch {
            failure = error
        }
        if repeated != nil { deltas.replaceSubrange(before..., with: once(Array(deltas[before...]))) }
    }

    private mutating func once(_ deltas: [ChatDelta]) -> [ChatDelta] {
        guard var repeated else { return deltas }
        defer { self.repeated = repeated }
        return deltas.map { repeated.once($0) }
    }
}

/// The state of one stream of a platform: what each of its events means.
protocol EventReader: Sendable {
    /// Fails with what the event reports, or `unreadableAnswer` where nobody can read it.
    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure)

    /// The platform's terminator has been read; `false` to the end where it has none.
    var isDone: Bool { get }

    /// The platform's count so far.
    var usage: TokenUsage? { get }

    /// Throws `streamBroken` if the stream may not end here.
    func end() throws(JobFailure) -> ChatCompletionEnd
}

extension SSEEvent {
    /// Reads the data, once: platforms that end with something else (`[DONE]`) are served, too.
    mutating func readJSON() {
        guard !isDone, let read = try? LenientJSON(piece: data) else { return }
        json = read.value
        hasParts = read.hasParts
    }

    /// The data as a JSON object.
    ///
    /// An array of one counts as what is in it: Gemini's errors come so.
    func object() throws(JobFailure) -> JSONObject {
        switch json {
        case .object(let object)?: return object
        case .array(let elements)? where elements.count == 1:
            if case .object(let object) = elements[0] { return object }
        default: break
        }
        throw name == "error" ? .unreadableError : .unreadable("holds an event that is not a JSON object")
    }

    /// `[DONE]`, with or without space around it.
    var isDone: Bool {
        guard data.count < 16 else { return false }
        return data.filter { $0 != 0x20 && $0 != 0x09 } == Array("[DONE]".utf8)
    }
}
