/// Maps servers' words for the end of an answer to OpenAI's.
///
/// OpenAI's list is closed, and strict clients refuse any other word.
enum FinishReason {
    private static let closed: Set<String> = ["stop", "length", "tool_calls", "content_filter", "function_call"]

    private static let synonyms: [String: String] = [
        "complete": "stop", "completed": "stop", "done": "stop", "end": "stop", "end_turn": "stop", "eos": "stop",
        "eos_token": "stop", "finished": "stop", "normal": "stop", "pause_turn": "stop", "stop_sequence": "stop",
        "stop_token": "stop",
        "max_length": "length", "max_output_tokens": "length", "max_tokens": "length", "model_length": "length",
        "model_context_window_exceeded": "length", "token_limit": "length",
        "function_calls": "tool_calls", "tool_call": "tool_calls", "tool_use": "tool_calls",
        "blocklist": "content_filter", "content_filtered": "content_filter", "guardrail_intervened": "content_filter",
        "prohibited_content": "content_filter", "recitation": "content_filter", "refusal": "content_filter",
        "safety": "content_filter", "sensitive": "content_filter", "spii": "content_filter",
    ]

    /// OpenAI's word for a platform's, `nil` for an unknown one, which ends an answer like "stop".
    static func known(_ word: String) -> String? {
        if closed.contains(word) { return word }
        let word = word.lowercased()
        return closed.contains(word) ? word : synonyms[word]
    }

    /// The reason that the caller is told.
    ///
    /// An answer with calls never reports "stop", whatever its platform says.
    ///
    /// `word` is `nil` where the platform gave none at the proper end of an answer.
    static func said(_ word: String?, hasCalls: Bool, _ style: CallStyle) -> String {
        switch word.map({ known($0) ?? "stop" }) ?? "stop" {
        case "tool_calls", "function_call": style.finishReason
        case "stop" where hasCalls: style.finishReason
        case let reason: reason
        }
    }

    /// The reason that the ledger keeps: the platform's own word where OpenAI has none for it, if it is a word at all.
    static func booked(_ word: String?, said: String) -> String {
        guard let word, known(word) == nil else { return said }
        return SafeText.code(word) ?? said
    }
}
