/// Decodes one response, with everything that all platforms have in common.
///
/// The first byte of a body shows its form (`AnswerForm`), not the request and not the content type. So a stream that
/// was answered by one document (an error in a 200, a server that cannot stream) is understood, and events in place of
/// a whole response are joined into one. An `EventReader` knows the platform's events, and `whole` its documents.
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
    /// Set where the model repeats all text in every event.
    var repeated: RepeatedText?
    private var failure: JobFailure? { didSet { hasFailed = failure != nil } }
    /// Asked for each event.
    private var hasFailed = false
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

    var isComplete: Bool { hasFailed || events.isDone }
    var usage: TokenUsage? { events.usage }

    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta] {
        guard !isComplete else { return [] }
        switch form {
        case nil: return begin(bytes)
        case .document: addToDocument(bytes)
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

    /// A body that came in one piece is not copied.
    private mutating func addToDocument(_ bytes: [UInt8]) {
        if document.isEmpty { document = bytes } else { document += bytes }
    }

    private mutating func begin(_ bytes: [UInt8]) -> [ChatDelta] {
        addToDocument(bytes)
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
        // Deltas that only the end completes are shown only with a good end.
        let early = early
        var last: [ChatDelta] = []
        if !isComplete {
            if let event = decoder.finish() { last = read([event]) }
            // The event was cut in its middle.
            if failure?.kind == .unreadableAnswer { failure = early }
        }
        for event in split.flush() { read(event, into: &last) }
        if let failure { throw failure }
        var end = try ending(early)
        end.deltas = last + once(end.deltas)
        end.requestID = end.requestID ?? context.headers("x-request-id")
        return context.isStream ? end : joined.end(end, of: context)
    }

    /// The failure of a body that ended well, but before the answer did.
    ///
    /// Before any part of an answer, and where the caller was to see no part of one, the platform has sent all that it
    /// had to send, and was paid for it.
    private var early: JobFailure {
        if hasVisible { return context.isStream ? .endedEarly : .unreadable("ends in the midst of it") }
        return context.isHTML ? .webPage : .unreadable("holds nothing but its frame")
    }

    private func ending(_ early: JobFailure) throws(JobFailure) -> ChatCompletionEnd {
        do throws(JobFailure) { return try events.end() } catch { throw error == .endedEarly ? early : error }
    }

    /// Keeps a failure for `finish`.
    ///
    /// The events before it count.
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

/// The state of one stream of a platform, which gives each event its meaning.
protocol EventReader: Sendable {
    /// Fails with the error that the event reports, or with `unreadableAnswer` where it cannot be read.
    mutating func read(_ event: SSEEvent, into deltas: inout [ChatDelta]) throws(JobFailure)

    /// The platform's terminator has been read. Stays `false` where the platform has none.
    var isDone: Bool { get }

    /// The platform's count so far.
    var usage: TokenUsage? { get }

    /// Throws `streamBroken` if the stream may not end here.
    func end() throws(JobFailure) -> ChatCompletionEnd
}

extension SSEEvent {
    /// Parses the data once.
    ///
    /// Data that is no JSON (`[DONE]`) stays as it is.
    mutating func readJSON() {
        guard !isDone, let read = try? LenientJSON(piece: data) else { return }
        json = read.value
        hasParts = read.hasParts
    }

    /// The data as a JSON object.
    ///
    /// An array of one element counts as the element, since Gemini sends errors so.
    func object() throws(JobFailure) -> JSONObject {
        switch json {
        case .object(let object)?: return object
        case .array(let elements)? where elements.count == 1:
            if case .object(let object) = elements[0] { return object }
        default: break
        }
        throw name == "error" ? .unreadableError : .unreadable("holds an event that is not a JSON object")
    }

    /// `[DONE]`, with or without spaces around it.
    var isDone: Bool {
        guard data.count < 16 else { return false }
        return data.filter { $0 != 0x20 && $0 != 0x09 } == Array("[DONE]".utf8)
    }
}
