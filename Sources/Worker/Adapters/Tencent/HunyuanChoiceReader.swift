/// One choice of a stream: its events as deltas.
///
/// Calls are known by their id, which comes on every delta, else by their index; id and name go out once.
import Shared

struct HunyuanChoiceReader: Sendable {
    private struct Call: Sendable {
        var id: String
        var index: Int?
        var hasID = false
        var hasName = false
    }

    private let index: Int
    private let chunks: ChunkBody
    private var stop: StopCutter
    private var hasStarted = false
    private var calls: [Call] = []
    private(set) var finishReason: String?

    init(index: Int, chunks: ChunkBody, stops: [String]) {
        self.index = index
        self.chunks = chunks
        stop = StopCutter(stops)
    }

    /// Nothing counts after the finish reason.
    mutating func take(_ choice: HunyuanAnswer.Choice) -> [ChatDelta] {
        guard finishReason == nil else { return [] }
        var deltas: [ChatDelta] = []
        if !hasStarted {
            hasStarted = true
            deltas.append(chunks.role(choice: index))
        }
        append(choice.reasoning, .reasoning, to: &deltas)
        append(stop.take(choice.content), .content, to: &deltas)
        for call in choice.calls { take(call, into: &deltas) }
        if let reason = choice.finishReason {
            finishReason = reason
            append(stop.end(wasStopped: reason == "stop"), .content, to: &deltas)
            deltas.append(chunks.finish(reason, choice: index))
        }
        return deltas
    }

    private mutating func take(_ call: HunyuanAnswer.Call, into deltas: inout [ChatDelta]) {
        let place = place(of: call)
        let id = calls[place].hasID || call.id.isEmpty ? nil : call.id
        let name = calls[place].hasName || call.name.isEmpty ? nil : call.name
        if id != nil { calls[place].hasID = true }
        if name != nil { calls[place].hasName = true }
        guard id != nil || name != nil || !call.arguments.isEmpty else { return }
        deltas.append(chunks.toolCall(place, id: id, name: name, arguments: call.arguments, choice: index))
    }

    private mutating func place(of call: HunyuanAnswer.Call) -> Int {
        if call.id.isEmpty {
            if let known = calls.lastIndex(where: { call.index == nil || $0.index == call.index }) { return known }
        } else if let known = calls.firstIndex(where: { $0.id == call.id }) {
            return known
        } else if let known = calls.lastIndex(where: { $0.id.isEmpty && $0.index == call.index }) {
            calls[known].id = call.id
            return known
        }
        calls.append(Call(id: call.id, index: call.index))
        return calls.count - 1
    }

    private func append(_ text: String, _ field: TextDelta.Field, to deltas: inout [ChatDelta]) {
        if !text.isEmpty { deltas.append(chunks.text(text, field, choice: index)) }
    }
}
