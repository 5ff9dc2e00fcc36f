/// Joins the deltas of a stream into the whole response that was asked for, where a platform streams unasked.
import Shared

struct JoinedResponse: Sendable {
    /// Chosen: large enough to join most texts before they are written, small enough not to matter.
    private static let piece = 64 * 1024

    private var coalescer = DeltaCoalescer()
    private var assembly = CompletionAssembly()

    mutating func add(_ deltas: [ChatDelta]) {
        for delta in deltas {
            coalescer.add(delta)
            if coalescer.pendingBytes > Self.piece { write() }
        }
    }

    /// Turns the end of the stream into that of a whole response.
    mutating func end(_ end: ChatCompletionEnd, of context: ResponseContext) -> ChatCompletionEnd {
        add(end.deltas)
        write()
        var end = end
        end.deltas = []
        let id = end.requestID.flatMap { $0.isEmpty ? nil : $0 } ?? context.calls.ids.completion
        var body = assembly.completion(id: id, created: context.now / 1000, usage: end.usage?.openAI).objectValue ?? [:]
        body.set("id", .string(id))
        end.body = body.encoded
        if (end.usage?.output ?? 0) == 0 { end.countedTokens = coalescer.outputTokens }
        return end
    }

    private mutating func write() {
        if let payload = coalescer.drain() { assembly.add(payload) }
    }
}
