/// Decodes one answer, whichever platform it comes from: what all of them do alike.
///
/// What a body is shows in its first byte: `{` opens a JSON document, anything else is read as server-sent events. So a
/// stream that was answered by one document (an error in a 200, a server that cannot stream) is understood, too. How the
/// platform writes an event is its `EventReader`'s, how it writes a document is `whole`.
import Shared

struct AnswerDecoder<Events: EventReader>: ResponseDecoder {
    /// Reads a complete document.
    ///
    /// `body` of the end is filled where the request was no stream, `deltas` where it was.
    typealias Whole = @Sendable (_ body: [UInt8]) throws(JobFailure) -> ChatCompletionEnd

    private enum Form { case unknown, document, events }

    private let answer: AnswerShape
    private let whole: Whole
    private var form: Form
    private var document: [UInt8] = []
    private var decoder: SSEDecoder
    private var events: Events
    private var failure: JobFailure?
    private var hasVisible = false

    init(
        _ answer: AnswerShape, _ events: Events, maxEventBytes: Int = SSEDecoder.defaultMaxEventBytes,
        whole: @escaping Whole
    ) {
        self.answer = answer
        self.whole = whole
        self.events = events
        decoder = SSEDecoder(maxEventBytes: maxEventBytes)
        form = answer.isStream ? .unknown : .document
    }

    var isComplete: Bool { failure != nil || events.isDone }
    var usage: TokenUsage? { events.usage }

    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta] {
        guard !isComplete else { return [] }
        if form == .unknown {
            guard let first = bytes.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { return [] }
            form = first == UInt8(ascii: "{") ? .document : .events
        }
        guard form == .events else {
            document += bytes
            return []
        }
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

    mutating func finish() throws(JobFailure) -> ChatCompletionEnd {
        switch form {
        case _ where answer.isWebPage:
            throw .webPage
        case .unknown:
            throw .unreadable("is empty")
        case .document:
            return try whole(document)
        case .events:
            var last: [ChatDelta] = []
            // What the end alone completes is shown with a good end only.
            let early: JobFailure = hasVisible ? .endedEarly : .unreadable("holds nothing but its frame")
            if !isComplete, let event = decoder.finish() {
                last = read([event])
                // Cut in its middle.
                if failure?.kind == .unreadableAnswer { failure = early }
            }
            if let failure { throw failure }
            var end = try ending(early)
            end.deltas = last
            end.requestID = end.requestID ?? answer.headers("x-request-id")
            return end
        }
    }

    /// `early`: what it is called where the body ended well, but before the answer did.
    ///
    /// Before anything of an answer came, the platform has said all that it had to say.
    private func ending(_ early: JobFailure) throws(JobFailure) -> ChatCompletionEnd {
        do throws(JobFailure) { return try events.end() } catch { throw error == .endedEarly ? early : error }
    }

    /// A failure is kept for `finish`; what stands before it counts.
    private mutating func read(_ complete: [SSEEvent]) -> [ChatDelta] {
        var deltas: [ChatDelta] = []
        for event in complete where !event.data.isEmpty {
            guard !isComplete else { break }
            do throws(JobFailure) {
                try events.read(event, into: &deltas)
            } catch {
                failure = error
            }
        }
        hasVisible = hasVisible || deltas.contains(where: \.isVisible)
        return deltas
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
    /// The data as a JSON object.
    func object() throws(JobFailure) -> JSONObject {
        guard case .object(let object)? = try? JSON(parsing: data) else {
            throw .unreadable("holds an event that is not a JSON object")
        }
        return object
    }

    /// `[DONE]`, with or without space around it.
    var isDone: Bool {
        guard data.count < 16 else { return false }
        return data.filter { $0 != 0x20 && $0 != 0x09 } == Array("[DONE]".utf8)
    }
}
