import Shared

/// A report for people: the members in lines, the attempts in a table (pure).
enum JobSummary {
    static let attemptColumns = ["attempt", "model", "provider", "account", "error", "ms", "cost"]

    /// Without the members that are for programs, and with counts of tokens in place of OpenAI's `usage`.
    static func of(_ report: JSON) -> JSON {
        guard var summary = report.objectValue else { return report }
        for name in ["object", "links", "attempts", "usage"] { summary.remove(name) }
        if let usage = report["usage"] {
            summary.set("tokens_in", usage["prompt_tokens"] ?? .null)
            summary.set("tokens_out", usage["completion_tokens"] ?? .null)
            if let cached = usage["prompt_tokens_details"]?["cached_tokens"], cached != 0 {
                summary.set("tokens_cached", cached)
            }
        }
        return .object(summary)
    }

    static func attempts(_ report: JSON) -> [JSON] { report["attempts"]?.arrayValue ?? [] }
}
