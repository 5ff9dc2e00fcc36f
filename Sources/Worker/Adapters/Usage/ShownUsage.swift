/// Puts the usage that the ledger books into the response that the caller sees.
import Shared

extension TokenUsage {
    /// The usage of a body in exactly OpenAI's words, `nil` for other words, and for sums that do not add up.
    init?(shown usage: JSON?) {
        guard let usage = usage?.objectValue, let input = usage["prompt_tokens"]?.intValue,
            let output = usage["completion_tokens"]?.intValue, input >= 0, output >= 0,
            usage["total_tokens"]?.intValue == input.addingClamped(output)
        else { return nil }
        self.init(
            input: input, output: output, cached: usage["prompt_tokens_details"]?["cached_tokens"]?.intValue ?? 0,
            reasoning: usage["completion_tokens_details"]?["reasoning_tokens"]?.intValue ?? 0,
            cacheWrites: usage["cache_creation_input_tokens"]?.intValue ?? 0,
            hourlyCacheWrites: usage["cache_creation"]?["ephemeral_1h_input_tokens"]?.intValue ?? 0)
    }
}

extension ChatCompletionEnd {
    /// Writes the billed usage into the body, where the body reports another.
    ///
    /// Members that only the platform knows stay.
    func showing(_ usage: TokenUsage) -> ChatCompletionEnd {
        guard !body.isEmpty, bodyUsage != usage, case .object(var object)? = try? JSON(parsing: body) else {
            return self
        }
        var shown = object["usage"]?.objectValue ?? [:]
        // Embeddings have no output to count.
        let names: Set<String>? = object["object"] == "list" ? ["prompt_tokens", "total_tokens"] : nil
        for member in usage.openAI.objectValue?.members ?? [] where names?.contains(member.key) ?? true {
            shown.set(member.key, ChatCompletionEnd.merged(shown[member.key], member.value))
        }
        object.set("usage", .object(shown))
        var end = self
        end.body = object.encoded
        end.bodyUsage = usage
        return end
    }

    private static func merged(_ old: JSON?, _ new: JSON) -> JSON {
        guard var object = old?.objectValue, let members = new.objectValue?.members else { return new }
        for member in members { object.set(member.key, member.value) }
        return .object(object)
    }
}
