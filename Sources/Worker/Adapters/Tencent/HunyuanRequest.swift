/// Builds the body of `ChatCompletions`, in the platform's PascalCase.
///
/// In: a request that `HunyuanCheck` let pass. Out: the body. Adapted without a change of meaning: the order of
/// messages (`HunyuanMessages`), legacy functions to tools, a seed outside the platform's range to one inside it.
import Shared

struct HunyuanRequest: Sendable {
    let chat: ChatRequest
    let model: String

    func body() throws(JobFailure) -> JSONObject {
        var body: JSONObject = [
            "Model": .string(model), "Messages": HunyuanMessages(chat.spokenMessages).json,
            "Stream": .bool(chat.isStream),
        ]
        for (field, name) in [("temperature", "Temperature"), ("top_p", "TopP")] {
            if let value = chat.body[field], value != .null { body.set(name, value) }
        }
        if let seed = chat.body["seed"]?.intValue { body.set("Seed", .int(Self.seed(seed))) }
        if !chat.stops.isEmpty { body.set("Stop", .array(chat.stops.map(JSON.string))) }
        setTools(&body)
        if let isOn = try HunyuanCheck.thinking(chat, model: model) { body.set("EnableThinking", .bool(isOn)) }
        for (field, name) in HunyuanCheck.extras {
            if let value = chat.body[field], value != .null { body.set(name, value) }
        }
        return body
    }

    /// Maps other seeds into the platform's range 1…10000, modulo its size, so that equal seeds stay equal.
    static func seed(_ seed: Int) -> Int {
        FieldEdit.wrapped(seed, 10_000)
    }

    private func setTools(_ body: inout JSONObject) {
        let functions = chat.functions
        guard !functions.isEmpty else { return }
        body.set("Tools", .array(functions.map(Self.tool)))
        switch chat.toolChoice {
        case ToolChoice.none?: body.set("ToolChoice", "none")
        case .auto: body.set("ToolChoice", "auto")
        case .named(let name):
            guard let function = functions.first(where: { $0["name"]?.stringValue == name }) else { return }
            body.set("ToolChoice", "custom")
            body.set("CustomTool", Self.tool(function))
        case .required, nil: return
        }
    }

    private static func tool(_ function: JSONObject) -> JSON {
        var result: JSONObject = ["Name": function["name"] ?? ""]
        if let description = function["description"]?.stringValue { result.set("Description", .string(description)) }
        let parameters = function["parameters"]?.objectValue ?? ["type": "object", "properties": [:]]
        result.set("Parameters", .string(String(decoding: parameters.encoded, as: UTF8.self)))
        return ["Type": "function", "Function": .object(result)]
    }
}
