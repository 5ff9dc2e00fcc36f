/// Builds the response of `POST /v1/embeddings` in OpenAI's shape, for vectors of every platform.
///
/// In: vectors in the order of the texts, as numbers. Out: the whole response, with the numbers as they came, or packed
/// as base64 of little-endian float32, which OpenAI's SDKs ask for. Fails with `unreadableAnswer` for something that is
/// no vector.
import Shared

struct EmbeddingsBody: Sendable {
    private let model: String
    private var vectors: [JSON] = []

    init(model: String) {
        self.model = model
    }

    /// Adds the vector of the next text: an array of numbers, or base64 that the platform packed already.
    mutating func add(_ embedding: JSON) {
        vectors.append(embedding)
    }

    func end(usage: TokenUsage?, wantsBase64: Bool) throws(JobFailure) -> ChatCompletionEnd {
        var data: [JSON] = []
        for (index, vector) in vectors.enumerated() {
            data.append([
                "object": "embedding", "index": .int(index),
                "embedding": try Self.packed(vector, asBase64: wantsBase64),
            ])
        }
        guard !data.isEmpty else { throw .unreadable("has no vectors") }
        let input = usage?.input ?? 0
        let body: JSONObject = [
            "object": "list", "data": .array(data), "model": .string(model),
            "usage": ["prompt_tokens": .int(input), "total_tokens": .int(input)],
        ]
        var end = ChatCompletionEnd(model: model, finishReason: nil, usage: usage)
        end.body = body.encoded
        end.bodyUsage = usage ?? TokenUsage()
        end.countedTokens = 0
        return end
    }

    private static func packed(_ vector: JSON, asBase64: Bool) throws(JobFailure) -> JSON {
        if let text = vector.stringValue {
            let values = try unpacked(text)
            return asBase64 ? .string(text) : .array(values.map(number))
        }
        guard let numbers = vector.arrayValue, !numbers.isEmpty else { throw noVector }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * 4)
        for number in numbers {
            guard let value = number.doubleValue else { throw noVector }
            guard asBase64 else { continue }
            guard Float(value).isFinite else { throw noVector }
            let bits = Float(value).bitPattern
            for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        }
        return asBase64 ? .string(Base64.encode(bytes)) : vector
    }

    /// Unpacks base64 from a platform that packed its vectors, asked or not.
    private static func unpacked(_ text: String) throws(JobFailure) -> [Float] {
        guard let bytes = Base64.decode(text), !bytes.isEmpty, bytes.count % 4 == 0 else { throw noVector }
        let values = stride(from: 0, to: bytes.count, by: 4).map { start in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) })
        }
        guard values.allSatisfy(\.isFinite) else { throw noVector }
        return values
    }

    /// Writes the fewest digits that tell the value from its neighbours.
    private static func number(_ value: Float) -> JSON {
        Double(value.description).flatMap(JSONNumber.init).map(JSON.number) ?? .null
    }

    private static let noVector = JobFailure.unreadable("holds something that is no vector")
}
