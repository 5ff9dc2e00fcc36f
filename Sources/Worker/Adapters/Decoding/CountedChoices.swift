/// Fails a response with fewer choices than were asked for.
///
/// Many OpenAI-compatible servers accept `n` and answer once. A caller that asked for several would take that one for
/// all. Such a response is a failure that names the field and the usage that was paid.
import Shared

struct CountedChoices: ResponseDecoder {
    private var decoder: any ResponseDecoder
    private let wanted: Int
    private let platform: String
    private var seen: Set<Int> = []

    init(_ decoder: any ResponseDecoder, wanted: Int, platform: String) {
        self.decoder = decoder
        self.wanted = wanted
        self.platform = platform
    }

    var form: AnswerForm? { decoder.form }
    var isComplete: Bool { decoder.isComplete }
    var usage: TokenUsage? { decoder.usage }

    mutating func feed(_ bytes: [UInt8]) -> [ChatDelta] {
        let deltas = decoder.feed(bytes)
        note(deltas)
        return deltas
    }

    mutating func finish() throws(JobFailure) -> ChatCompletionEnd {
        let end = try decoder.finish()
        note(end.deltas)
        note(chunk: end.body)
        guard seen.count < wanted else { return end }
        throw refusal(paid: paid(end))
    }

    /// The platform's count, or our own count of the text where it has none.
    private func paid(_ end: ChatCompletionEnd) -> TokenUsage {
        var usage = end.usage ?? decoder.usage ?? TokenUsage(isEstimated: true)
        if usage.output == 0, let counted = end.countedTokens, counted > 0 {
            usage.output = counted
            usage.isEstimated = true
        }
        return usage
    }

    private func refusal(paid: TokenUsage) -> JobFailure {
        var failure = JobFailure(
            .unsupportedParameter, "\(platform) does not support 'n': it gave \(seen.count) of \(wanted) answers.",
            param: "n", code: "unsupported_parameter")
        failure.paid = paid
        return failure
    }

    private mutating func note(_ deltas: [ChatDelta]) {
        for delta in deltas {
            switch delta.content {
            case .text(let text): seen.insert(text.choice)
            case .chunk(let bytes): note(chunk: bytes)
            }
        }
    }

    private mutating func note(chunk bytes: [UInt8]) {
        let choices = (try? JSON(parsing: bytes))?["choices"]?.arrayValue ?? []
        for (position, choice) in choices.enumerated() { seen.insert(choice["index"]?.intValue ?? position) }
    }
}
