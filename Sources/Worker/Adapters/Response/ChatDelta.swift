/// One step of a streamed answer: an OpenAI chunk without `id`, `object`, `created` and `usage`.
///
/// Most steps are plain text for one choice. Those stay unencoded, so that the coalescer can join neighbours and encode
/// once.
import Shared

struct ChatDelta: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case text(TextDelta)
        /// Any other chunk, encoded.
        case chunk([UInt8])
    }

    var content: Content
    /// A caller who received this has seen part of the answer.
    ///
    /// True for text, reasoning, refusals and tool calls. False for role announcements and finish reasons.
    var isVisible: Bool
    /// The output text in the delta, for attempts whose platform reports no usage.
    var estimate: TokenEstimate

    init(content: Content, isVisible: Bool, estimate: TokenEstimate) {
        self.content = content
        self.isVisible = isVisible
        self.estimate = estimate
    }

    init(_ text: TextDelta) {
        self.init(content: .text(text), isVisible: !text.text.isEmpty, estimate: TokenEstimate(of: text.text))
    }

    /// One JSON object without line feeds.
    var json: [UInt8] {
        switch content {
        case .text(let delta): delta.encoded
        case .chunk(let bytes): bytes
        }
    }
}

/// A chunk that holds only text for one choice.
struct TextDelta: Sendable, Equatable {
    enum Field: String, Sendable {
        case content
        case reasoning = "reasoning_content"
    }

    /// The members around `choices` (model, system_fingerprint, …), which neighbours must share to be joined.
    var envelope: JSONObject
    var choice: Int
    /// `nil` on all but the first delta, at most platforms.
    var role: String?
    var field: Field
    var text: String

    init(envelope: JSONObject, choice: Int = 0, role: String? = nil, field: Field = .content, text: String) {
        self.envelope = envelope
        self.choice = choice
        self.role = role
        self.field = field
        self.text = text
    }

    /// True when `next` can be appended without loss.
    func canAppend(_ next: TextDelta) -> Bool {
        choice == next.choice && field == next.field && (next.role == nil || next.role == role)
            && envelope == next.envelope
    }
}

/// The end of an answer.
struct ChatCompletionEnd: Sendable, Equatable {
    /// The platform's name for the model that answered.
    var model: String?
    /// The platform's id of the answer, for support cases, `nil` if it gave none.
    var requestID: String?
    /// The first finish reason of any choice, `nil` if the platform gave none.
    var finishReason: String?
    /// `nil` where usage has to be estimated.
    var usage: TokenUsage?
    /// Our own count of the output in `body` where `usage` is `nil`.
    ///
    /// Streams are counted delta by delta instead.
    var countedTokens: Int?
    /// The complete `chat.completion` JSON of a non-stream request, empty for streams.
    ///
    /// Byte for byte as the platform sent it, where that has OpenAI's shape.
    var body: [UInt8] = []
    /// The usage that `body` reports in OpenAI's words, `nil` where it reports none or in other words.
    var bodyUsage: TokenUsage?
    /// Deltas that only the end of the body completed, published before the end.
    ///
    /// These are a last event without its empty line, or the whole answer where a stream was asked for and one JSON
    /// object came.
    var deltas: [ChatDelta] = []

    init(model: String?, finishReason: String?, usage: TokenUsage?) {
        self.model = model
        self.finishReason = finishReason
        self.usage = usage
    }
}
