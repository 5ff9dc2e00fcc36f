import Shared

/// Maps the request of `/api/v1` to the neutral one (pure).
///
/// In: `{model_name, provider?, messages, parameters{…}, user_id, …}`, or an OpenAI body with our extra members beside
/// `model`. May fail with an `APIError` that names the caller's own field. An unknown member is an error, because a
/// mistyped `parameters` would otherwise be lost in silence.
struct NativeRequest {
    /// The neutral request.
    private(set) var chat: JSONObject
    private(set) var provider: Provider?
    private(set) var routingStrategy: String?
    private(set) var deadline: Duration?
    private(set) var lane: Lane?
    private(set) var isBackground = false
    private(set) var onWorkerLoss = Job.WorkerLossPolicy.fail
    private(set) var cacheTTL: Int?
    private let isNative: Bool

    private static let own: Set<String> = [
        "provider", "routing_strategy", "deadline_ms", "priority", "background", "on_worker_loss", "cache_ttl",
    ]
    private static let native: Set<String> = ["model_name", "messages", "parameters", "user_id", "stream"]
    static let strategies = RoutingStrategyName.allCases.map(\.rawValue)

    init(_ body: JSON, allowsOpenAI: Bool = false) throws(APIError) {
        guard let object = body.objectValue else {
            throw .invalid(nil, "The request body must be a JSON object.", code: "invalid_type")
        }
        isNative = !(allowsOpenAI && object["model"] != nil && object["model_name"] == nil)
        chat = isNative ? try Self.mapped(object) : object
        for name in Self.own { chat.remove(name) }
        try readOptions(object)
    }

    /// For paths that stream whatever the body says.
    mutating func forceStream() { chat.set("stream", true) }

    var modelField: String { isNative ? "model_name" : "model" }

    /// The checked neutral request, whose errors name the caller's field.
    func validated() throws(APIError) -> ChatRequest {
        do throws(RequestError) {
            return try ChatRequest(validating: .object(chat))
        } catch {
            throw APIError(isNative ? Self.renamed(error) : error)
        }
    }

    private static func mapped(_ object: JSONObject) throws(APIError) -> JSONObject {
        if let unknown = object.members.first(where: { !own.contains($0.key) && !native.contains($0.key) }) {
            let name = RequestOptions.isName(unknown.key, max: 64) ? unknown.key : "?"
            throw .invalid(name, "Unknown field '\(name)'.", code: "unknown_parameter")
        }
        var chat = JSONObject()
        if let model = object["model_name"] { chat.set("model", model) }
        if let messages = object["messages"] { chat.set("messages", messages) }
        if let parameters = object["parameters"], parameters != .null { try merge(parameters, into: &chat) }
        if let stream = object["stream"] { chat.set("stream", stream) }
        if let user = object["user_id"] { chat.set("user", user) }
        return chat
    }

    private static func merge(_ parameters: JSON, into chat: inout JSONObject) throws(APIError) {
        guard let parameters = parameters.objectValue else {
            throw .invalid("parameters", "Invalid type for 'parameters': expected an object.", code: "invalid_type")
        }
        for member in parameters.members {
            guard member.key != "model", member.key != "messages" else {
                throw .invalid(
                    "parameters.\(member.key)",
                    "'parameters.\(member.key)' does not belong there: it has a field of its own.")
            }
            chat.set(member.key, member.value)
        }
    }

    private mutating func readOptions(_ object: JSONObject) throws(APIError) {
        if let value = present(object, "provider") {
            let all = Provider.allCases.map(\.rawValue).joined(separator: ", ")
            guard let provider = value.stringValue.flatMap(Provider.init(rawValue:)) else {
                throw .invalid("provider", "Invalid value for 'provider': expected one of \(all).")
            }
            self.provider = provider
        }
        if let value = present(object, "routing_strategy") {
            guard let name = value.stringValue, Self.strategies.contains(name) else {
                let all = Self.strategies.joined(separator: ", ")
                throw .invalid("routing_strategy", "Invalid value for 'routing_strategy': expected one of \(all).")
            }
            routingStrategy = name
        }
        if let value = present(object, "deadline_ms") {
            deadline = try RequestOptions.deadline(value.intValue, "deadline_ms")
        }
        if let value = present(object, "priority") {
            lane = try RequestOptions.lane(value.stringValue ?? "", "priority")
        }
        try readFlags(object)
    }

    private mutating func readFlags(_ object: JSONObject) throws(APIError) {
        if let value = present(object, "background") {
            guard let flag = value.boolValue else {
                throw .invalid("background", "Invalid type for 'background': expected a boolean.", code: "invalid_type")
            }
            isBackground = flag
        }
        if let value = present(object, "on_worker_loss") {
            guard let policy = value.stringValue.flatMap(Job.WorkerLossPolicy.init) else {
                throw .invalid("on_worker_loss", "Invalid value for 'on_worker_loss': expected fail or restart.")
            }
            onWorkerLoss = policy
        }
        if let value = present(object, "cache_ttl") {
            cacheTTL = try RequestOptions.cacheTTL(value.intValue, "cache_ttl")
        }
    }

    private func present(_ object: JSONObject, _ name: String) -> JSON? {
        object[name].flatMap { $0 == .null ? nil : $0 }
    }

    /// `temperature` → `parameters.temperature`, `model` → `model_name`.
    private static func renamed(_ error: RequestError) -> RequestError {
        guard let param = error.param else { return error }
        let name: String
        switch param {
        case "model": name = "model_name"
        case "user": name = "user_id"
        case "stream": name = "stream"
        case _ where param.hasPrefix("messages"): name = param
        default: name = "parameters.\(param)"
        }
        let message = error.message.split(separator: "'\(param)'", omittingEmptySubsequences: false)
        return RequestError(error.code, name, message.joined(separator: "'\(name)'"))
    }
}
