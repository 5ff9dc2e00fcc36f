/// Properties of DashScope's models by name, as documented, where no response of the platform reports them.
///
/// In: the platform's model id. Out: the endpoint that serves it, and how it thinks. Unknown names count as plain text
/// models that only think when told to. Sources: help.aliyun.com model-studio "DashScope API reference", "Visual
/// reasoning", "Deep thinking" (2026), and agentscope-java issue 2981 for the Qwen 3.8 family.
struct DashScopeModel: Sendable {
    enum Endpoint: String, Sendable {
        case text, multimodal

        var path: String {
            switch self {
            case .text: "/services/aigc/text-generation/generation"
            case .multimodal: "/services/aigc/multimodal-generation/generation"
            }
        }
    }

    private let name: String

    init(_ name: String) {
        self.name = name.lowercased()
    }

    /// Only the multimodal endpoint knows these.
    ///
    /// The other one answers 400 "url error".
    private static let multimodalWords = ["-vl", "qvq", "omni", "-ocr"]
    /// Families whose models see images, so that even their plain text goes to the multimodal endpoint.
    private static let multimodalFamilies = ["qwen3.5", "qwen3.6", "qwen3.7", "qwen3.8", "kimi-k2.5", "kimi-k2.6"]
    /// The text models of these families.
    private static let textModels = ["qwen3.6-max-preview", "qwen3.7-max", "qwen3.8-2.4t-a95b"]

    var endpoint: Endpoint {
        if Self.multimodalWords.contains(where: contains) { return .multimodal }
        if Self.textModels.contains(where: name.hasPrefix) { return .text }
        return Self.multimodalFamilies.contains(where: name.hasPrefix) ? .multimodal : .text
    }

    /// `qwq` and `qvq` always think, and know no parameter for it.
    var isReasoner: Bool { name.hasPrefix("qwq") || name.hasPrefix("qvq") }

    /// Thinking cannot be switched off.
    var alwaysThinks: Bool { isReasoner || contains("-thinking") }

    /// Open-weight Qwen 3, `qwen3-8b` to `qwen3-next-80b-a3b-thinking`, which think unless told not to.
    private var isOpenQwen3: Bool {
        guard name.hasPrefix("qwen3-"), !["-instruct", "-coder", "-vl", "omni"].contains(where: contains) else {
            return false
        }
        return name.split(separator: "-").contains(where: Self.isSize)
    }

    /// The model thinks where the request says nothing about it.
    var thinksByDefault: Bool {
        if alwaysThinks || isOpenQwen3 { return true }
        return ["qwen3.5", "qwen3.6", "qwen3.7", "qwen3.8"].contains(where: name.hasPrefix)
    }

    /// These only stream while they think: "parameter.enable_thinking must be set to false for non-streaming calls".
    var onlyStreamsThinking: Bool { isReasoner || isOpenQwen3 }

    /// "Qwen-Omni supports only streaming output" (alibabacloud.com, "Streaming output", 2026-06).
    var onlyStreams: Bool { contains("-omni") }

    /// Each event has all text so far, whatever `incremental_output` says.
    ///
    /// "This behavior cannot be changed" (alibabacloud.com, "Qwen-MT API reference", 2026-01).
    var repeatsText: Bool { ["qwen-mt-plus", "qwen-mt-turbo"].contains(where: name.hasPrefix) }

    /// Documented to follow a JSON schema.
    ///
    /// The other models accept one and answer with any JSON.
    var followsSchema: Bool {
        ["qwen3.7-max", "qwen3.8-max"].contains(where: name.hasPrefix)
    }

    private func contains(_ word: String) -> Bool { name.range(ofLiteral: word) != nil }

    /// `8b`, `1.7b`, `235b`.
    private static func isSize(_ part: Substring) -> Bool {
        part.last == "b" && part.first?.isNumber == true && part.dropLast().allSatisfy { $0.isNumber || $0 == "." }
    }
}
