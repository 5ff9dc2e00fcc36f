/// Hunyuan's own OpenAI-shaped endpoint (providers/tencent.md, "B"): legacy, for accounts that still have it.
///
/// Roles must alternate, as in the native API; usage and a note come with every chunk. It knows no limit of tokens, no
/// JSON mode and one answer only. Hunyuan's extras (`enable_enhancement`, `citation`, …) go out as they came.
import Shared

enum HunyuanCompatibleDialect {
    static let wire = OpenAIWire(
        OpenAIDialect(
            platform: "Tencent Hunyuan", baseURL: "https://api.hunyuan.cloud.tencent.com/v1",
            fields: FieldCheck(
                platform: "Tencent Hunyuan",
                known: ["seed", "stop", "temperature", "tool_choice", "tools", "top_p"], passesExtras: true),
            checks: [speakers, noForcedCall], edits: { _ in [.wrap("seed", limit: 10_000)] },
            messages: MessageEdits(
                dropped: MessageEdits.leftovers.union(["reasoning_content", "name"]), developerIsSystem: true,
                joinsSystem: true, mergesNeighbours: true, nothing: " "),
            reasoning: { chat, _ throws(JobFailure) in
                try ReasoningWish(chat).isOn.map { ["enable_thinking": .bool($0)] } ?? [:]
            },
            alwaysSendsUsage: true, finishReasons: ["sensitive": .reason("content_filter")], failures: failures,
            embeddings: .init(maxInputs: { _ in 50 }, takesDimensions: false)))

    /// Begins with user, ends with user or tool, at most 40, none empty.
    private static let speakers: OpenAIDialect.Check = { chat, _ throws(JobFailure) in
        let speaking = chat.typedMessages.filter { $0.role != .system }
        if let first = speaking.first, first.role != .user {
            throw wrong("messages[\(first.index)].role", "a conversation begins with the user")
        }
        if let silent = speaking.first(where: { $0.role == .user && $0.saysNothing }) {
            throw wrong(silent.contentPath, "it must not be empty")
        }
        if let last = speaking.last, last.role == .assistant {
            throw wrong("messages[\(last.index)].role", "the last message must be user's or tool's")
        }
        if chat.messages.count > 40 { throw wrong("messages", "it takes 40 messages at most") }
    }

    private static let noForcedCall: OpenAIDialect.Check = { chat, _ throws(JobFailure) in
        if chat.toolChoice == .required { throw wrong("tool_choice", "calls cannot be required") }
    }

    private static func wrong(_ field: String, _ why: String) -> JobFailure {
        FieldCheck(platform: "Tencent Hunyuan", known: []).refusal(field, why)
    }

    /// Few of its codes are documented (seen: 400 with 1001); statuses decide the rest.
    static let failures = FailureRules([
        FailureRule(codes: ["1001"], statuses: 400...400, kind: .invalidRequest),
        .codes("invalid_api_key", kind: .authentication),
        .types("rate_limit_error", kind: .rateLimited),
        .words("余额", "欠费", "arrears", in: 400...429, kind: .quotaExhausted),
    ])
}
