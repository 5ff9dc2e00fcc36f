/// The calls of a whole response, each with an id of its own and arguments that are JSON.
import Shared

struct WholeCalls: Sendable, Equatable {
    struct Call: Sendable, Equatable {
        var id: String
        var name: String
        /// JSON as text, or free text for custom tools.
        var arguments: String
        var kind = CallPiece.Kind.function
        var extras = JSONObject()
    }

    private(set) var calls: [Call] = []

    init() {}

    init(_ pieces: [CallPiece], _ form: CallForm, choice: Int) {
        var ids: Set<String> = []
        for piece in pieces where !piece.isNothing {
            // Two calls with one id cannot both be answered.
            let isGood = !piece.id.isEmpty && ids.insert(piece.id).inserted
            let id = isGood ? piece.id : form.ids.call(calls.count, choice: choice)
            let isBare = piece.kind == .function && piece.arguments.isEmpty
            calls.append(
                Call(
                    id: id, name: piece.name, arguments: isBare ? "{}" : piece.arguments, kind: piece.kind,
                    extras: piece.extras))
        }
    }

    var isEmpty: Bool { calls.isEmpty }

    /// The calls as a stream sends them.
    var deltas: [CallDelta] {
        calls.enumerated().map { number, call in
            CallDelta(
                number: number, opening: .init(id: call.id, name: call.name), kind: call.kind,
                arguments: call.arguments, extras: call.extras)
        }
    }

    /// The members of a message that carry the calls.
    ///
    /// The legacy style has room for the first one only.
    func members(_ style: CallStyle) -> JSONObject {
        guard let first = calls.first else { return [:] }
        switch style {
        case .tools: return ["tool_calls": .array(calls.map(\.json))]
        case .function: return ["function_call": first.function]
        }
    }
}

extension WholeCalls.Call {
    fileprivate var function: JSON {
        ["name": .string(name), kind.textName: .string(arguments)]
    }

    fileprivate var json: JSON {
        var call: JSONObject = ["id": .string(id), "type": .string(kind.rawValue), kind.rawValue: function]
        for member in extras.members { call.set(member.key, member.value) }
        return .object(call)
    }
}
