/// Gives ids to function calls that came without one, and the same ids to their results.
///
/// Some servers leave ids out, so histories hold calls without an id or with an empty one, which other servers refuse.
/// In: the messages. Out: the same with ids, or `nil` where none is missing. A result belongs to the first open call of
/// its `name`, else to the first open call, since nothing else is known of it. Calls of messages in a row belong
/// together. A result without any call stays as it is, for the check to name it.
enum CallIDs {
    static func completed(_ messages: [JSON]) -> [JSON]? {
        guard messages.contains(where: isIncomplete) else { return nil }
        var open = OpenCalls()
        return messages.enumerated().map { open.completed($1, $0) }
    }

    private static func isIncomplete(_ message: JSON) -> Bool {
        if message["role"] == "tool" { return isEmpty(message["tool_call_id"]) }
        return message["tool_calls"]?.arrayValue?.contains { $0.objectValue != nil && isEmpty($0["id"]) } ?? false
    }

    fileprivate static func completed(_ call: JSON, _ id: String) -> JSON {
        guard var object = call.objectValue, isEmpty(object["id"]) else { return call }
        object.set("id", .string(id))
        return .object(object)
    }

    fileprivate static func isEmpty(_ id: JSON?) -> Bool { id == nil || id == .null || id == "" }
}

/// Calls whose results have not come yet.
private struct OpenCalls {
    /// Ids in the order of their calls, each of which is taken once.
    private struct Queue {
        var ids: [JSON] = []
        var first = 0

        mutating func next(but answered: Set<JSON>) -> JSON? {
            while first < ids.count, answered.contains(ids[first]) { first += 1 }
            return first < ids.count ? ids[first] : nil
        }
    }

    private var all = Queue()
    private var named: [JSON: Queue] = [:]
    private var answered: Set<JSON> = []
    /// The message before made calls.
    private var isCalling = false

    mutating func completed(_ message: JSON, _ index: Int) -> JSON {
        guard var object = message.objectValue else { return message }
        if let calls = object["tool_calls"]?.arrayValue {
            object.set("tool_calls", .array(begin(calls, index)))
            return .object(object)
        }
        isCalling = false
        guard object["role"] == "tool" else { return message }
        let given = object["tool_call_id"]
        guard let id = CallIDs.isEmpty(given) ? next(object["name"]) : given else { return message }
        answered.insert(id)
        object.set("tool_call_id", id)
        return .object(object)
    }

    private mutating func begin(_ calls: [JSON], _ index: Int) -> [JSON] {
        if !isCalling { self = OpenCalls() }
        isCalling = true
        let calls = calls.enumerated().map { CallIDs.completed($1, "call_\(index)_\($0)") }
        for call in calls {
            guard let id = call["id"] else { continue }
            all.ids.append(id)
            if let name = call["function"]?["name"] { named[name, default: Queue()].ids.append(id) }
        }
        return calls
    }

    private mutating func next(_ name: JSON?) -> JSON? {
        if let name, let id = named[name]?.next(but: answered) { return id }
        return all.next(but: answered)
    }
}
