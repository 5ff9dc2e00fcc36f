/// Gives ids to calls of functions that came without one, and their results the same.
///
/// Some servers leave ids out, so histories hold calls without, or with an empty one, which other servers refuse. In: the
/// messages. Out: the same with ids, `nil` where none is missing. Results are taken in the order of the calls, which is
/// all that is known of them; a result without any call stays as it is, for the check to name it.
enum CallIDs {
    static func completed(_ messages: [JSON]) -> [JSON]? {
        guard messages.contains(where: isIncomplete) else { return nil }
        var open: [JSON] = []
        return messages.enumerated().map { index, message in
            guard var object = message.objectValue else { return message }
            if let calls = object["tool_calls"]?.arrayValue {
                let named = calls.enumerated().map { completed($1, "call_\(index)_\($0)") }
                open = named.compactMap { $0["id"] }
                object.set("tool_calls", .array(named))
            } else if object["role"] == "tool" {
                let id = isEmpty(object["tool_call_id"]) ? open.first : object["tool_call_id"]
                if let id {
                    object.set("tool_call_id", id)
                    open.removeAll { $0 == id }
                }
            }
            return .object(object)
        }
    }

    private static func isIncomplete(_ message: JSON) -> Bool {
        if message["role"] == "tool" { return isEmpty(message["tool_call_id"]) }
        return message["tool_calls"]?.arrayValue?.contains { $0.objectValue != nil && isEmpty($0["id"]) } ?? false
    }

    private static func completed(_ call: JSON, _ id: String) -> JSON {
        guard var object = call.objectValue, isEmpty(object["id"]) else { return call }
        object.set("id", .string(id))
        return .object(object)
    }

    private static func isEmpty(_ id: JSON?) -> Bool { id == nil || id == .null || id == "" }
}
