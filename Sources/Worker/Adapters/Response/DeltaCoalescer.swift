/// Joins the deltas of one attempt between two writes to its log. Pure, one per attempt.
///
/// In: deltas in order. Out: at each `drain` one payload of JSON objects separated by line feeds. Neighbours that are
/// plain text of the same choice and field have become one object. The text is the same byte for byte, in the same
/// order. It cannot fail, and keeps only what was not drained.
import Shared

struct DeltaCoalescer: Sendable {
    private var payload: [UInt8] = []
    /// Text behind `payload` that the next delta may be joined to.
    private var open: TextDelta?
    private var estimate = TokenEstimate()
    private var isPendingVisible = false
    /// Some text, reasoning, refusal or tool call was added, drained or not.
    private(set) var hasVisible = false
    /// Some of that was drained, so the caller may have seen it.
    private(set) var hasShown = false

    init() {}

    /// Our own count of everything added so far.
    var outputTokens: Int { estimate.tokens }

    /// The approximate size of the next `drain`, for limits.
    var pendingBytes: Int { payload.count + (open.map { $0.text.utf8.count + 128 } ?? 0) }

    mutating func add(_ delta: ChatDelta) {
        estimate += delta.estimate
        hasVisible = hasVisible || delta.isVisible
        isPendingVisible = isPendingVisible || delta.isVisible
        switch delta.content {
        case .text(let text):
            if open?.canAppend(text) == true {
                open?.text += text.text
            } else {
                closeText()
                open = text
            }
        case .chunk(let bytes):
            closeText()
            append { $0 += bytes }
        }
    }

    /// Everything added since the last call, `nil` if there is nothing.
    mutating func drain() -> [UInt8]? {
        closeText()
        guard !payload.isEmpty else { return nil }
        hasShown = hasShown || isPendingVisible
        isPendingVisible = false
        defer { payload = [] }
        return payload
    }

    private mutating func closeText() {
        guard let text = open else { return }
        open = nil
        append { text.encode(into: &$0) }
    }

    private mutating func append(_ write: (inout [UInt8]) -> Void) {
        if !payload.isEmpty { payload.append(UInt8(ascii: "\n")) }
        write(&payload)
    }
}
