/// Properties of Claude models by id (platform.claude.com's models and migration guides).
///
/// Family and version are found anywhere in the id: `claude-3-5-sonnet-20241022`, `claude-opus-4-8`,
/// `us.anthropic.claude-haiku-4-5-20251001-v1:0`. A model without a known version has the newest rules.
import Shared

struct ClaudeModel: Sendable, Equatable {
    enum Thinking: Sendable, Equatable {
        /// Before 3.7.
        case none
        /// `{type: "enabled", budget_tokens}`, off unless asked for.
        case budget
        /// `{type: "adaptive"}` and `output_config.effort`.
        case adaptive
        /// As adaptive, and cannot be turned off.
        case always
    }

    /// `opus`, `sonnet`, `haiku`, `fable`, … Empty where the id names none.
    let family: String
    /// Major times 100 plus minor (405 is 4.5).
    ///
    /// `Int.max` where the id names none.
    let version: Int

    init(_ id: String) {
        let id = id.lowercased()
        let start = id.range(ofLiteral: "claude-")?.upperBound ?? id.endIndex
        let words = id[start...].split { "-.@:_/".contains($0) }
        family = words.first { $0.allSatisfy(\.isLetter) && $0 != "latest" }.map(String.init) ?? ""
        // A date has eight digits, and what stands after it is no version.
        let numbers = words.drop { Self.number($0) == nil }.prefix { Self.number($0) != nil }.compactMap(Self.number)
        version = numbers.first.map { $0 * 100 + (numbers.count > 1 ? numbers[1] : 0) } ?? Int.max
    }

    private static func number(_ word: Substring) -> Int? { word.count <= 2 ? Int(word) : nil }

    var thinking: Thinking {
        if version < 307 { return .none }
        if version < 406 { return .budget }
        switch family {
        case "opus", "sonnet": return version >= 505 ? .always : .adaptive
        // "thinking.type.disabled is not supported for this model", from their first versions on.
        case "fable", "mythos": return .always
        default: return .adaptive
        }
    }

    /// 4.6 takes both kinds of thinking.
    var takesBudget: Bool { (307...406).contains(version) }
    /// An `adaptive` model thinks where the request says nothing about it.
    var thinksByDefault: Bool { version >= 500 }
    /// From 4.7 on the text of thinking is left out unless asked for.
    var hidesThinking: Bool { version >= 407 }
    /// The level between high and max.
    var takesXHigh: Bool { version >= 407 }
    /// With thinking on, calls cannot be forced, and these models always think.
    var takesForcedTools: Bool { thinking != .always }
    /// The last message may be the assistant's, which the model continues.
    var takesPrefill: Bool { version < 406 }
    /// Takes temperature, top_p and top_k.
    ///
    /// Later models take only their defaults.
    var takesSampling: Bool { version < 407 }
    /// `output_config.format`.
    var followsSchema: Bool { version >= 405 }
}
