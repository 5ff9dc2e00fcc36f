/// One call's part of one delta or message, from any platform.
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

    /// The platform's number of the call, `nil` where it gives none.
    var index: Int?
    /// Empty where the piece has none, as are `name` and `arguments`.
    var id = ""
    var name = ""
    /// JSON as text, or a part of it.
    var arguments = ""
    var kind = Kind.function
    /// Other members of the call (Gemini's `extra_content`), passed on as they came.
    var extras = JSONObject()

    /// Arguments as text, since some servers send the object itself.
    ///
    /// An empty object counts as nothing yet, since many servers begin with it. `StreamedCalls` ends such a call with
    /// "{}".
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
    /// Reads an element of OpenAI's `tool_calls`, or a legacy `function_call`, which has the function's members itself.
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
