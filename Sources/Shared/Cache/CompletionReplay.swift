/// A whole completion as the chunks of a stream (pure): role, text in pieces, calls, and the finish of each choice.
///
/// Chunks have no envelope (`id`, `object`, `created`, `usage`): the shim adds it, as for any other stream.
package enum CompletionReplay {
    /// Chosen: enough pieces to look and work like a stream, few enough to be cheap.
    private static let mostPieces = 32
    private static let leastCharacters = 24
    private static let texts = ["reasoning_content", "content", "refusal"]

    /// Chunks separated by line feeds, as a log record holds them, or `nil` where `completion` is none.
    package static func payload(from completion: [UInt8]) -> [UInt8]? {
        chunks(from: completion).map { chunks in
            Array(chunks.map(\.encoded).joined(separator: [UInt8(ascii: "\n")]))
        }
    }

    static func chunks(from completion: [UInt8]) -> [JSON]? {
        guard let whole = try? JSON(parsing: completion), let choices = whole["choices"]?.arrayValue, !choices.isEmpty
        else { return nil }
        var envelope = JSONObject()
        for name in ["model", "system_fingerprint", "service_tier"] {
            if let value = whole[name] { envelope.set(name, value) }
        }
        return choices.flatMap { choice in
            deltas(of: choice).map { delta, isLast in
                var chunk = envelope
                chunk.set("choices", [.object(part(of: choice, delta, isLast))])
                return .object(chunk)
            }
        }
    }

    private static func part(of choice: JSON, _ delta: JSONObject, _ isLast: Bool) -> JSONObject {
        var part: JSONObject = ["index": choice["index"] ?? 0, "delta": .object(delta)]
        guard isLast else {
            part.set("finish_reason", .null)
            return part
        }
        for member in choice.objectValue?.members ?? [] where !["index", "message"].contains(member.key) {
            part.set(member.key, member.value)
        }
        return part
    }

    private static func deltas(of choice: JSON) -> [(delta: JSONObject, isLast: Bool)] {
        let message = choice["message"]?.objectValue ?? [:]
        var first: JSONObject = ["role": message["role"] ?? "assistant"]
        for member in message.members
        where !(texts + ["role", "tool_calls"]).contains(member.key) && member.value != .null {
            first.set(member.key, member.value)
        }
        var deltas = [first]
        for name in texts {
            for piece in pieces(of: message[name]?.stringValue ?? "") { deltas.append([name: .string(piece)]) }
        }
        for (index, call) in (message["tool_calls"]?.arrayValue ?? []).enumerated() {
            var object = call.objectValue ?? [:]
            object.set("index", .int(index))
            deltas.append(["tool_calls": [.object(object)]])
        }
        return deltas.map { ($0, false) } + [([:], true)]
    }

    private static func pieces(of text: String) -> [String] {
        let length = max(leastCharacters, text.unicodeScalars.count / mostPieces + 1)
        var pieces: [String] = []
        var rest = text.unicodeScalars[...]
        while !rest.isEmpty {
            pieces.append(String(String.UnicodeScalarView(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return pieces
    }
}
