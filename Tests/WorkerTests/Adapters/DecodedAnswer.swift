import Shared

@testable import Worker

/// The result of a decoder for some bytes, cut where a test wants them cut.
struct DecodedAnswer: Equatable {
    private(set) var deltas: [ChatDelta] = []
    private(set) var end: ChatCompletionEnd?
    private(set) var failure: JobFailure?

    init(_ bytes: [UInt8], cuts: [Int], _ decoder: some ResponseDecoder) {
        var decoder = decoder
        var start = 0
        for end in cuts.sorted() + [bytes.count] where !decoder.isComplete {
            deltas += decoder.feed(Array(bytes[start..<end]))
            start = end
        }
        do throws(JobFailure) {
            let end = try decoder.finish()
            deltas += end.deltas
            self.end = end
        } catch {
            failure = error
        }
    }

    var json: [String] { deltas.map { String(decoding: $0.json, as: UTF8.self) } }
    var text: String { text(.content) }

    /// The pieces of text, one by one, without the one that only says who speaks.
    func pieces(_ field: TextDelta.Field = .content) -> [String] {
        deltas.compactMap { delta in
            guard case .text(let text) = delta.content, text.field == field, text.role == nil else { return nil }
            return text.text
        }
    }

    func text(_ field: TextDelta.Field) -> String {
        deltas.map { delta in
            guard case .text(let text) = delta.content, text.field == field else { return "" }
            return text.text
        }.joined()
    }

    /// Arguments of call `index`, as a client would put them together.
    func arguments(_ index: Int = 0) throws -> String {
        try deltas.map { delta in
            guard case .chunk(let bytes) = delta.content else { return "" }
            let calls =
                try JSON(parsing: bytes)["choices"]?.arrayValue?.first?["delta"]?["tool_calls"]?.arrayValue ?? []
            return calls.filter { $0["index"]?.intValue == index }
                .map { $0["function"]?["arguments"]?.stringValue ?? "" }.joined()
        }.joined()
    }
}
