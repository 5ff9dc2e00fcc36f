/// One choice of a stream: its events as deltas.
///
/// Every event is new text, because that is what was asked for (`incremental_output`). Nothing is compared with what
/// came before it: "哈", "哈哈" are three.
import Shared

struct DashScopeChoiceReader: Sendable {
    private struct Call: Sendable {
        var hasID = false
        var hasName = false
    }

    private let index: Int
    private let chunks: ChunkBody
    private var hasStarted = false
    private var calls: [Int: Call] = [:]
    private(set) var finishReason: String?

    init(index: Int, chunks: ChunkBody) {
        self.index = index
        self.chunks = chunks
    }

    /// Nothing counts after the finish reason, so that an end told twice is not text told twice.
    mutating func take(_ choice: DashScopeOutput.Choice) -> [ChatDelta] {
        guard finishReason == nil else { return [] }
        var deltas: [ChatDelta] = []
        if !hasStarted {
            hasStarted = true
            deltas.append(chunks.role(choice: index))
        }
        append(choice.reasoning, .reasoning, to: &deltas)
        append(choice.content ?? "", .content, to: &deltas)
        for call in choice.calls { take(call, into: &deltas) }
        if let logprobs = choice.logprobs { deltas.append(chunks.logprobs(logprobs, choice: index)) }
        if let reason = choice.finishReason {
            finishReason = reason
            deltas.append(chunks.finish(reason, choice: index))
        }
        return deltas
    }

    private mutating func take(_ call: DashScopeOutput.Call, into deltas: inout [ChatDelta]) {
        var state = calls[call.index] ?? Call()
        let id = state.hasID || call.id.isEmpty ? nil : call.id
        let name = state.hasName || call.name.isEmpty ? nil : call.name
        state.hasID = state.hasID || id != nil
        state.hasName = state.hasName || name != nil
        calls[call.index] = state
        guard id != nil || name != nil || !call.arguments.isEmpty else { return }
        deltas.append(chunks.toolCall(call.index, id: id, name: name, arguments: call.arguments, choice: index))
    }

    private func append(_ text: String, _ field: TextDelta.Field, to deltas: inout [ChatDelta]) {
        if !text.isEmpty { deltas.append(chunks.text(text, field, choice: index)) }
    }
}

extension ChunkBody {
    /// Log probabilities of the text around, in a chunk of their own.
    func logprobs(_ logprobs: JSON, choice: Int) -> ChatDelta {
        var chunk = envelope
        chunk.set(
            "choices", [["index": .int(choice), "delta": [:], "logprobs": logprobs, "finish_reason": .null]])
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: false, estimate: TokenEstimate())
    }

    /// What the platform's web search found, in a chunk without choices.
    func searchInfo(_ info: JSON) -> ChatDelta {
        var chunk = envelope
        chunk.set("choices", [])
        chunk.set("search_info", info)
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: false, estimate: TokenEstimate())
    }
}
