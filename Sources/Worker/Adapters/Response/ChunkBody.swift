/// Builds stream chunks without envelope, for every platform.
import Shared

extension TextDelta {
    /// The chunk as JSON.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128 + text.utf8.count)
        encode(into: &bytes)
        return bytes
    }

    /// Appends the chunk without building a tree.
    ///
    ///     {…envelope,"choices":[{"index":i,"delta":{"content":"…"},"finish_reason":null}]}
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

/// Builds the deltas of one stream, for platforms whose events are not OpenAI's and for the sandbox.
struct ChunkBody: Sendable {
    var envelope: JSONObject
    private let style: CallStyle

    init(model: String, style: CallStyle = .tools) {
        envelope = ["model": .string(model)]
        self.style = style
    }

    /// Names the model that was asked.
    init(_ context: ResponseContext) { self.init(model: context.model, style: context.calls.style) }

    /// The first chunk, which names the speaker.
    func role(choice: Int = 0) -> ChatDelta {
        ChatDelta(TextDelta(envelope: envelope, choice: choice, role: "assistant", text: ""))
    }

    func text(_ text: String, _ field: TextDelta.Field = .content, choice: Int = 0) -> ChatDelta {
        ChatDelta(TextDelta(envelope: envelope, choice: choice, field: field, text: text))
    }

    /// One chunk for each element: the start of a call, or more of its arguments.
    func calls(_ calls: [CallDelta], choice: Int = 0) -> [ChatDelta] {
        calls.compactMap { call in
            let delta = CallDelta.members([call], style)
            guard !delta.isEmpty else { return nil }
            let text = (call.opening?.name ?? "") + call.arguments
            return chunk(.object(delta), choice: choice, finishReason: nil, text: text)
        }
    }

    /// The calls of a whole answer.
    func calls(_ whole: WholeCalls, choice: Int = 0) -> [ChatDelta] {
        calls(whole.deltas, choice: choice)
    }

    /// The last chunk of a choice.
    ///
    /// `reason` is in OpenAI's words.
    func finish(_ reason: String, hasCalls: Bool = false, choice: Int = 0) -> ChatDelta {
        let reason = FinishReason.said(reason, hasCalls: hasCalls, style)
        return chunk([:], choice: choice, finishReason: reason, text: "")
    }

    /// The results of the platform's web search, in a chunk without choices.
    func searchInfo(_ info: JSON) -> ChatDelta {
        var chunk = envelope
        chunk.set("choices", [])
        chunk.set("search_info", info)
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: false, estimate: TokenEstimate())
    }

    private func chunk(_ delta: JSON, choice: Int, finishReason: String?, text: String) -> ChatDelta {
        var chunk = envelope
        let reason = finishReason.map(JSON.string) ?? .null
        chunk.set("choices", [["index": .int(choice), "delta": delta, "finish_reason": reason]])
        return ChatDelta(content: .chunk(chunk.encoded), isVisible: !text.isEmpty, estimate: TokenEstimate(of: text))
    }
}
