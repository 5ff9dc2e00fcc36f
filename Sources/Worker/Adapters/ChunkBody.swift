/// Builds chunks without envelope: what streams consist of, whichever platform they come from.
import Shared

extension TextDelta {
    /// The chunk as JSON.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128 + text.utf8.count)
        encode(into: &bytes)
        return bytes
    }

    /// Appends `{…envelope,"choices":[{"index":i,"delta":{"content":"…"},"finish_reason":null}]}`, without building a tree.
    func encode(into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for member in envelope.members {
            JSON.encode(member.key, into: &bytes)
            bytes.append(UInt8(ascii: ":"))
            member.value.encode(into: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        bytes.append(contentsOf: #""choices":[{"index":"#.utf8)
        bytes.append(contentsOf: String(choice).utf8)
        bytes.append(contentsOf: #","delta":{"#.utf8)
        if let role {
            bytes.append(contentsOf: #""role":"#.utf8)
            JSON.encode(role, into: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        bytes.append(contentsOf: field == .content ? #""content":"#.utf8 : #""reasoning_content":"#.utf8)
        JSON.encode(text, into: &bytes)
        bytes.append(contentsOf: #"},"finish_reason":null}]}"#.utf8)
    }
}

/// The deltas of one stream, for platforms whose events are not OpenAI's and for the sandbox.
struct ChunkBody: Sendable {
    var envelope: JSONObject

    init(model: String) {
        envelope = ["model": .string(model)]
    }

    /// The first chunk: who speaks.
    func role(choice: Int = 0) -> ChatDelta {
        ChatDelta(TextDelta(envelope: envelope, choice: choice, role: "assistant", text: ""))
    }

    func text(_ text: String, _ field: TextDelta.Field = .content, choice: Int = 0) -> ChatDelta {
        ChatDelta(TextDelta(envelope: envelope, choice: choice, field: field, text: text))
    }

    /// The start of call number `index`, or, with neither id nor name, more of its arguments.
    func toolCall(
        _ index: Int, id: String? = nil, name: String? = nil, arguments: String, choice: Int = 0
    ) -> ChatDelta {
        var call: JSONObject = ["index": .int(index)]
        if let id { call.set("id", .string(id)) }
        if name != nil || id != nil { call.set("type", "function") }
        var function = JSONObject()
        if let name { function.set("name", .string(name)) }
        function.set("arguments", .string(arguments))
        call.set("function", .object(function))
        return chunk(["tool_calls": [.object(call)]], choice: choice, finishReason: nil, text: (name ?? "") + arguments)
    }

    /// The last chunk of a choice.
    func finish(_ reason: String, choice: Int = 0) -> ChatDelta {
        chunk([:], choice: choice, finishReason: reason, text: "")
    }

    private func chunk(_ delta: JSON, choice: Int, finishReason: String?, text: String) -> ChatDelta {
        var chunk = envelope
        let reason = finishReason.map(JSON.string) ?? .null
        chunk.set("choices", [["index": .int(choice), "delta": delta, "finish_reason": reason]])
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: !text.isEmpty, estimate: TokenEstimate(of: text))
    }
}
