import NIOCore
import Shared

/// Turns answers of a chat into those of `/v1/completions` (pure): the text of each message or delta.
enum TextCompletion {
    /// A whole answer, or `nil` where `completion` is not a completion.
    static func make(from completion: ByteBuffer) -> ByteBuffer? {
        guard let chat = try? JSON(parsing: Array(completion.readableBytesView)),
            let choices = chat["choices"]?.arrayValue
        else { return nil }
        var text = JSONObject()
        text.set("id", chat["id"] ?? .null)
        text.set("object", "text_completion")
        for name in ["created", "model", "system_fingerprint"] { if let value = chat[name] { text.set(name, value) } }
        text.set("choices", .array(choices.map { choice($0, $0["message"]) }))
        if let usage = chat["usage"] { text.set("usage", usage) }
        return ByteBuffer(bytes: text.encoded)
    }

    /// The chunks of a log record without envelope.
    ///
    /// Chunks without text or end are left out.
    static func chunks(from payload: ByteBufferView) -> [[UInt8]] {
        payload.split(separator: UInt8(ascii: "\n")).compactMap { bytes in
            guard let chunk = try? JSON(parsing: Array(bytes)), let choices = chunk["choices"]?.arrayValue else {
                return nil
            }
            let texts = choices.map { choice($0, $0["delta"]) }
            guard texts.contains(where: { $0["text"] != "" || $0["finish_reason"] != .null }) else { return nil }
            var text = JSONObject()
            if let model = chunk["model"] { text.set("model", model) }
            text.set("choices", .array(texts))
            return text.encoded
        }
    }

    private static func choice(_ choice: JSON, _ content: JSON?) -> JSON {
        let finish = choice["finish_reason"]?.stringValue.map { reasons.contains($0) ? $0 : "stop" }
        return [
            "text": .string(content?["content"]?.stringValue ?? ""), "index": choice["index"] ?? 0, "logprobs": .null,
            "finish_reason": finish.map { .string($0) } ?? .null,
        ]
    }

    /// A text's reasons to end, all others become `stop`.
    private static let reasons: Set<String> = ["stop", "length", "content_filter"]
}
