/// The sandbox's embeddings: deterministic, and similar for texts that share letters.
///
/// In: texts. Out: unit vectors (`dimensions`, else 256 numbers). Each run of three bytes counts one place up or down.
import Shared

enum SandboxEmbeddings {
    static let dimensions = 256

    /// Fails with `unsupportedParameter` for token numbers, which only their own tokenizer understands.
    static func answer(_ request: EmbeddingsRequest, model: String) throws(JobFailure) -> ChatCompletionEnd {
        guard let texts = request.texts else {
            throw FieldCheck(platform: "The sandbox", known: []).refusal("input", "it takes texts only")
        }
        let size = min(request.dimensions ?? dimensions, 4096)
        var body = EmbeddingsBody(model: model)
        var tokens = TokenEstimate()
        for text in texts {
            body.add(.array(vector(text, size).map { JSONNumber($0).map(JSON.number) ?? 0 }))
            tokens.add(text)
        }
        return try body.end(usage: TokenUsage(input: tokens.tokens), wantsBase64: request.wantsBase64)
    }

    private static func vector(_ text: String, _ size: Int) -> [Double] {
        let bytes = [0x02, 0x02] + Array(text.utf8) + [0x03]
        var counts = [Double](repeating: 0, count: size)
        for index in 2..<bytes.count {
            // FNV-1a over the run.
            let hash = bytes[(index - 2)...index].reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            }
            counts[Int((hash >> 1) % UInt64(size))] += hash & 1 == 0 ? 1 : -1
        }
        let length = counts.reduce(0) { $0 + $1 * $1 }.squareRoot()
        // Runs may cancel each other out, and a vector of zeros has no direction.
        guard length > 0 else { return [1] + counts.dropFirst() }
        return counts.map { ($0 / length * 1e6).rounded() / 1e6 }
    }
}
