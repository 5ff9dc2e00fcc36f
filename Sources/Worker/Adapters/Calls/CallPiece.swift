/// What one delta, or one whole message, says of one call, whichever platform it comes from.
import Shared

struct CallPiece: Sendable, Equatable {
    /// The member of a call that holds its name and its text.
    enum Kind: String, Sendable {
        case function
        /// OpenAI's tools that take free text.
        case custom

        var textName: String {
            switch self {
            case .function: "arguments"
            case .custom: "input"
            }
        }
    }

    /// The platform's number of the call; `nil` where it gives none.
    var index: Int?
    /// Empty where the piece has none, as are `name` and `arguments`.
    var id = ""
    var name = ""
    /// JSON as text, or a part of it.
    var arguments = ""
    var kind = Kind.function
    /// What else stands in the call (Gemini's `extra_content`), to go on as it came.
    var extras = JSONObject()

    /// Arguments as text: servers also send the object itself.
    ///
    /// An empty object is what many begin with, so it is nothing yet; `StreamedCalls` ends such a call with "{}".
    static func text(_ value: JSON?) -> String {
        switch value {
        case nil, .null: ""
        case .string(let text): text
        case .object(let object) where object.isEmpty: ""
        case let value?: String(decoding: value.encoded, as: UTF8.self)
        }
    }

    var isNothing: Bool { id.isEmpty && name.isEmpty && arguments.isEmpty && extras.isEmpty }
}

extension CallPiece {
    /// An element of OpenAI's `tool_calls`, or an old-style `function_call`, which has the function's members itself.
    init(openAI call: JSONObject) {
        for member in call.members {
            switch (member.key, member.value) {
            case ("type", _), (_, .null): break
            case ("index", let value): index = value.intValue.flatMap { $0 < 0 ? nil : $0 }
            case ("id", let value): id = Self.text(value)
            case ("function", .object(let function)): read(function, .function)
            case ("custom", .object(let custom)): read(custom, .custom)
            case ("name", let value): name = Self.text(value)
            case ("arguments", let value): arguments = Self.text(value)
            default: extras.set(member.key, member.value)
            }
        }
    }

    private mutating func read(_ function: JSONObject, _ kind: Kind) {
        self.kind = kind
        name = Self.text(function["name"])
        arguments = Self.text(function[kind.textName])
    }
}
