/// Answers in the shape of OpenAI's chat completions.
extension StubReply {
    package struct Usage: Sendable {
        package var prompt: Int
        package var completion: Int

        package init(prompt: Int, completion: Int) {
            self.prompt = prompt
            self.completion = completion
        }

        fileprivate var json: String {
            #"{"prompt_tokens":\#(prompt),"completion_tokens":\#(completion),"total_tokens":\#(prompt + completion)}"#
        }
    }

    /// A streamed answer: one event per piece of text, then the finish reason, the usage and `[DONE]`.
    ///
    /// Each piece counts as one token. `every` is the pause after each piece. `after` holds steps to be done after the
    /// piece with that index. `.close` or `.reset` among them cut the answer off there. `usage` of `nil` sends none.
    package static func openAIStream(
        _ pieces: [String], usage: Usage? = Usage(prompt: 7, completion: 3), model: String = "stub-model",
        finish: String = "stop", every pause: Duration = .zero, splitEvery size: Int? = nil, after: [Int: [Step]] = [:]
    ) -> StubReply {
        func event(_ choices: String, _ more: String = "") -> String {
            #"{"id":"stub-1","object":"chat.completion.chunk","created":1,"model":\#(quoted(model)),"choices":\#(choices)\#(more)}"#
        }
        var events = pieces.map { event(#"[{"index":0,"delta":{"content":\#(quoted($0))},"finish_reason":null}]"#) }
        events.append(event(#"[{"index":0,"delta":{},"finish_reason":\#(quoted(finish))}]"#))
        if let usage { events.append(event("[]", #","usage":\#(usage.json)"#)) }
        events.append("[DONE]")
        var steps: [Int: [Step]] = [:]
        for index in pieces.indices {
            steps[index] = [.countTokens(1)] + (pause > .zero ? [.pause(pause)] : []) + (after[index] ?? [])
        }
        return sse(events, splitEvery: size, after: steps)
    }

    /// A whole answer.
    package static func openAICompletion(
        _ text: String, usage: Usage = Usage(prompt: 7, completion: 3), model: String = "stub-model"
    ) -> StubReply {
        let message = #"{"role":"assistant","content":\#(quoted(text)),"refusal":null}"#
        let choice = #"{"index":0,"message":\#(message),"logprobs":null,"finish_reason":"stop"}"#
        let head = #"{"id":"stub-1","object":"chat.completion","created":1,"model":\#(quoted(model))"#
        return json(#"\#(head),"choices":[\#(choice)],"usage":\#(usage.json)}"#).then(.countTokens(usage.completion))
    }

    /// A refusal in OpenAI's shape.
    package static func openAIError(
        status: Int, message: String = "refused", type: String = "invalid_request_error", code: String? = nil,
        headers: Headers = []
    ) -> StubReply {
        let code = code.map(quoted) ?? "null"
        let error = #"{"message":\#(quoted(message)),"type":\#(quoted(type)),"param":null,"code":\#(code)}"#
        return json(#"{"error":\#(error)}"#, status: status, headers: headers)
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case ..<" ": out += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
