import Shared

/// Brings a line of any accepted form into that of OpenAI (pure).
///
/// In: a line without white space around it. Out: an object of `custom_id`, `method`, `url` and `body`. One file may mix
/// all forms:
///
///     {"custom_id", "method", "url", "body"}      OpenAI's batch line
///     {"custom_id", "params"}                     Anthropic's batch line (`AnthropicLine`)
///     {"prompt": "…", "system": "…", …}           a question, beside any parameters of a chat
///     {"messages": […], …}, {"input": …, …}       the body alone
///     text                                        the question alone, where a model was given
///
/// A line without `custom_id` gets its number, unless it is in one of the batch forms, which must have one.
struct LineForm: Sendable {
    /// The model for lines that name none.
    let model: String?

    struct Normal: Equatable {
        let line: JSON
        /// The name of the body in the line as it was written, for mistakes: `nil` where the line is the body.
        let body: String?
    }

    func normal(_ bytes: [UInt8], number: Int) throws(BatchLine.Mistake) -> Normal {
        guard bytes.first == UInt8(ascii: "{") else { return try text(bytes, number) }
        guard var object = try BatchLine.json(bytes).objectValue else { throw Self.unknown }
        if object["body"] != nil || object["url"] != nil || object["method"] != nil {
            object.change("body") { fillModel(&$0) }
            return Normal(line: .object(object), body: "body")
        }
        if object["params"] != nil {
            let body = try AnthropicLine.body(object)
            return Normal(line: line(body, id: object["custom_id"], endpoint: .chat), body: "params")
        }
        let id = object.remove("custom_id") ?? .string("\(number)")
        if object["prompt"] != nil, object["messages"] == nil { object = try Self.question(object) }
        if object["messages"] != nil { return Normal(line: line(object, id: id, endpoint: .chat), body: nil) }
        guard object["input"] != nil else { throw Self.unknown }
        return Normal(line: line(object, id: id, endpoint: .embeddings), body: nil)
    }

    private static let unknown = BatchLine.Mistake(
        field: nil, message: "expected body, params, prompt, messages or input in it")

    private func text(_ bytes: [UInt8], _ number: Int) throws(BatchLine.Mistake) -> Normal {
        guard model != nil else {
            throw BatchLine.Mistake(
                field: nil, message: "expected a JSON object, or --model for lines of plain text",
                code: "invalid_json_line")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw BatchLine.Mistake(field: nil, message: "expected text in UTF-8", code: "invalid_json_line")
        }
        let body: JSONObject = ["messages": [["role": "user", "content": .string(text)]]]
        return Normal(line: line(body, id: .string("\(number)"), endpoint: .chat), body: nil)
    }

    /// `prompt` and `system` as messages, before the other members.
    private static func question(_ given: JSONObject) throws(BatchLine.Mistake) -> JSONObject {
        var (rest, messages) = (given, [JSON]())
        if let system = rest.remove("system"), system != .null {
            guard system.stringValue != nil else {
                throw BatchLine.Mistake(field: "system", message: "expected a text")
            }
            messages.append(["role": "system", "content": system])
        }
        guard let prompt = rest.remove("prompt"), prompt.stringValue != nil else {
            throw BatchLine.Mistake(field: "prompt", message: "expected a text")
        }
        rest.set("messages", .array(messages + [["role": "user", "content": prompt]]))
        return rest
    }

    private func line(_ body: JSONObject, id: JSON?, endpoint: Job.Operation) -> JSON {
        var line = JSONObject()
        if let id { line.set("custom_id", id) }
        line.set("method", "POST")
        line.set("url", .string(endpoint.endpoint))
        var body = JSON.object(body)
        fillModel(&body)
        line.set("body", body)
        return .object(line)
    }

    private func fillModel(_ body: inout JSON) {
        guard let model, var object = body.objectValue, object["model"].map({ $0 == .null }) ?? true else { return }
        object.set("model", .string(model))
        body = .object(object)
    }
}
