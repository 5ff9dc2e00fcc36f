/// One call's part of one delta: its opening first, later only more of its arguments.
import Shared

struct CallDelta: Sendable, Equatable {
    struct Opening: Sendable, Equatable {
        var id: String
        var name: String
    }

    /// Our own number: the calls of a choice are counted from 0 without a gap.
    var number: Int
    var opening: Opening?
    var kind = CallPiece.Kind.function
    var arguments: String
    var extras = JSONObject()

    /// An element of a delta's `tool_calls`.
    var toolCall: JSON {
        var call: JSONObject = ["index": .int(number)]
        if let opening {
            call.set("id", .string(opening.id))
            call.set("type", .string(kind.rawValue))
        }
        call.set(kind.rawValue, .object(function))
        for member in extras.members { call.set(member.key, member.value) }
        return .object(call)
    }

    /// The members of a delta that carry `calls`, each call in one element.
    ///
    /// Clients join the elements of a call from delta to delta. Two in one delta are two calls to langchain, the second
    /// without an id. The legacy style has room for the first call only.
    static func members(_ calls: [CallDelta], _ style: CallStyle) -> JSONObject {
        let calls = joined(calls)
        switch style {
        case .tools: return calls.isEmpty ? [:] : ["tool_calls": .array(calls.map(\.toolCall))]
        case .function:
            return calls.first { $0.number == 0 }.map { ["function_call": .object($0.function)] } ?? [:]
        }
    }

    private var function: JSONObject {
        var function = JSONObject()
        if let opening { function.set("name", .string(opening.name)) }
        function.set(kind.textName, .string(arguments))
        return function
    }

    private static func joined(_ calls: [CallDelta]) -> [CallDelta] {
        guard calls.count > 1 else { return calls }
        return calls.reduce(into: []) { joined, next in
            guard let same = joined.firstIndex(where: { $0.number == next.number }) else { return joined.append(next) }
            joined[same].opening = joined[same].opening ?? next.opening
            joined[same].arguments += next.arguments
            for member in next.extras.members { joined[same].extras.set(member.key, member.value) }
        }
    }
}
