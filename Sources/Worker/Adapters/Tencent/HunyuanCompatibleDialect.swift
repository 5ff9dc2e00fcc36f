/// Hunyuan's own OpenAI-compatible endpoint: legacy, for accounts that still have it.
///
/// Roles must alternate, as in the native API. Usage and a note come with every chunk. It has no token limit, no JSON
/// mode and one answer only. Hunyuan's extras (`enable_enhancement`, `citation`, …) go out as they came.
import Shared

enum HunyuanCompatibleDialect {
    static let adapter = OpenAIAdapter(
        OpenAIDialect(
            platform: "Tencent Hunyuan", baseURL: "https://api.hunyuan.cloud.tencent.com/v1",
            fields: FieldCheck(
                platform: "Tencent Hunyuan",
                known: ["seed", "stop", "temperature", "tool_choice", "tools", "top_p"], passesExtras: true),
            limits: PlatformLimits(
                platform: "Tencent Hunyuan", stops: 4, choices: ["none", "auto"], moved: PlatformLimits.instructions),
            checks: [speakers, count], edits: { _ in [.wrap("seed", limit: 10_000)] },
            messages: { _ in messages },
            reasoning: { chat, _ throws(JobFailure) in
                try ReasoningOptions(chat).isOn.map { ["enable_thinking": .bool($0)] } ?? [:]
            },
            alwaysSendsUsage: true, finishReasons: ["sensitive": .reason("content_filter")], failures: failures,
            embeddings: .init(maxInputs: { _ in 50 }, takesDimensions: false)))

    private static let messages: MessageEdits = {
        var known = KnownMembers()
        known.message.remove("name")
        return MessageEdits(
            known: known, developerIsSystem: true, joinsSystem: true, mergesNeighbours: true, needsSpeaker: true,
            nothing: " ")
    }()

    /// Messages begin with user, end with user or tool, and are not empty.
    ///
    /// Tools count as users.
    private static let speakers: OpenAIDialect.Check = { chat, _ throws(JobFailure) in
        let speaking = chat.spokenMessages.filter { $0.role != .system }
        if let first = speaking.first, first.role != .user {
            throw wrong("messages[\(first.index)].role", "a conversation begins with the user")
        }
        if let silent = speaking.first(where: { $0.role == .user && $0.saysNothing }) {
            throw wrong(silent.contentPath, "it must not be empty")
        }
        for (before, after) in zip(speaking, speaking.dropFirst()) where before.role == .tool && after.role == .user {
            throw wrong("messages[\(after.index)].role", "after a tool's result the assistant speaks")
        }
        if let last = speaking.last, last.role == .assistant {
            throw wrong("messages[\(last.index)].role", "the last message must be user's or tool's")
        }
    }

    /// Merged messages count once.
    private static let count: OpenAIDialect.Check = { chat, model throws(JobFailure) in
        let most = HunyuanMessages.maxMessages
        guard chat.messages.count > most, (messages.apply(to: chat, model: model) ?? chat.messages).count > most else {
            return
        }
        throw wrong("messages", "it takes \(most) messages at most")
    }

    private static func wrong(_ field: String, _ why: String) -> JobFailure {
        FieldCheck.refusal("Tencent Hunyuan", field, why)
    }

    /// Few of its codes are documented (seen: 400 with 1001).
    ///
    /// Statuses decide the rest.
    static let failures = FailureRules([
        FailureRule(codes: ["1001"], statuses: 400...400, kind: .invalidRequest),
        .codes("invalid_api_key", kind: .authentication),
        .types("rate_limit_error", kind: .rateLimited),
        .words("余额", "欠费", "arrears", in: 400...429, kind: .quotaExhausted),
    ])
}
