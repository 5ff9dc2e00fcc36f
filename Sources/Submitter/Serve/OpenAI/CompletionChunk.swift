import Shared

/// Turns a whole completion into one chunk of a stream (pure).
enum CompletionChunk {
    /// The chunk without envelope, or `nil` where `completion` is not a completion.
    static func make(from completion: [UInt8]) -> [UInt8]? {
        guard let completion = try? JSON(parsing: completion), let choices = completion["choices"]?.arrayValue else {
            return nil
        }
        var chunk = JSONObject()
        if let model = completion["model"] { chunk.set("model", model) }
        chunk.set("choices", .array(choices.map(choice)))
        return chunk.encoded
    }

    private static func choice(_ choice: JSON) -> JSON {
        var delta = choice["message"]?.objectValue ?? JSONObject()
        if let calls = delta["tool_calls"]?.arrayValue {
            delta.set("tool_calls", .array(calls.enumerated().map { indexed($1, $0) }))
        }
        return [
            "index": choice["index"] ?? 0, "delta": .object(delta), "finish_reason": choice["finish_reason"] ?? .null,
        ]
    }

    /// Numbers the calls, as chunks do and whole messages do not.
    private static func indexed(_ call: JSON, _ index: Int) -> JSON {
        var object = call.objectValue ?? JSONObject()
        if object["index"] == nil { object.set("index", .int(index)) }
        return .object(object)
    }
}
