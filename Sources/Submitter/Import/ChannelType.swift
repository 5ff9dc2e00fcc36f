import Shared

/// The meaning of a channel's type number.
enum ChannelMeaning: Sendable, Equatable {
    /// `base` is the product's default address of the platform, empty where the channel must name one. `path` is what
    /// the product puts between the address and the call.
    case served(Provider, mode: String? = nil, base: String = "", path: String = "")
    case unserved(String)

    /// A server that speaks OpenAI's language, called below `/v1`.
    static func alike(_ base: String = "", path: String = "/v1") -> ChannelMeaning {
        .served(.openai, mode: "compatible", base: base, path: path)
    }
}

/// The products that can be imported from.
///
/// They share their first 25 numbers and went apart then.
enum ImportProduct: String, Sendable, CaseIterable {
    case oneAPI = "one-api"
    case newAPI = "new-api"

    /// `nil` for a number that neither the product's newest version (November 2026) nor we know.
    func meaning(of type: Int) -> ChannelMeaning? {
        (self == .oneAPI ? ChannelTypes.oneAPI[type] : ChannelTypes.newAPI[type]) ?? ChannelTypes.both[type]
    }
}

/// The numbers, read from `relay/channeltype` of one-api and `constant/channel.go` of new-api.
private enum ChannelTypes {
    static let both: [Int: ChannelMeaning] = [
        1: .served(.openai, base: "https://api.openai.com", path: "/v1"),
        3: .unserved("Azure OpenAI is not a platform of ours"),
        6: .alike("https://api.openaimax.com"),
        7: .alike("https://api.ohmygpt.com"),
        8: .alike(),
        9: .alike("https://api.caipacity.com"),
        10: .alike("https://api.aiproxy.io"),
        11: .unserved("Google PaLM is not a platform of ours"),
        12: .alike("https://api.api2gpt.com"),
        13: .alike("https://api.aigc2d.com"),
        14: .served(.anthropic, base: "https://api.anthropic.com"),
        15: .served(.baidu, mode: "legacy", base: "https://aip.baidubce.com"),
        16: .served(.zhipu, base: "https://open.bigmodel.cn", path: "/api/paas/v4"),
        18: .unserved("Xunfei Spark is not a platform of ours"),
        19: .unserved("360 is not a platform of ours"),
        20: .alike("https://openrouter.ai/api"),
        21: .unserved("AIProxy libraries are not a chat API"),
        22: .alike("https://fastgpt.run/api/openapi"),
        23: .served(.tencent, mode: "native", base: "https://hunyuan.tencentcloudapi.com"),
        24: .unserved("Google Gemini is not a platform of ours; its OpenAI-compatible address can be added by hand"),
        25: .alike("https://api.moonshot.cn"),
        31: .alike("https://api.lingyiwanwu.com"),
        33: .unserved("AWS Bedrock is not a platform of ours"),
    ]

    static let oneAPI: [Int: ChannelMeaning] = [
        2: .alike("https://oa.api2d.net"),
        4: .alike("https://api.closeai-proxy.xyz"),
        5: .alike("https://api.openai-sb.com"),
        17: .served(.alibaba, base: "https://dashscope.aliyuncs.com", path: "/api/v1"),
        26: .alike("https://api.baichuan-ai.com"),
        27: .alike("https://api.minimax.chat"),
        28: .alike("https://api.mistral.ai"),
        29: .alike("https://api.groq.com/openai"),
        30: .alike("http://localhost:11434"),
        32: .alike("https://api.stepfun.com"),
        34: .unserved("Coze is not a platform of ours"),
        35: .unserved("Cohere is not a platform of ours"),
        36: .alike("https://api.deepseek.com"),
        37: .unserved("Cloudflare Workers AI is not a platform of ours"),
        38: .unserved("DeepL is not a chat API"),
        39: .alike("https://api.together.xyz"),
        40: .alike("https://ark.cn-beijing.volces.com", path: "/api/v3"),
        41: .alike("https://api.novita.ai/v3/openai", path: ""),
        42: .unserved("Google Vertex AI is not a platform of ours"),
        43: .unserved("a proxy channel speaks no language of its own"),
        44: .alike("https://api.siliconflow.cn"),
        45: .alike("https://api.x.ai"),
        46: .unserved("Replicate is not a platform of ours"),
        47: .served(.baidu, mode: "native", base: "https://qianfan.baidubce.com", path: "/v2"),
        48: .alike("https://spark-api-open.xf-yun.com"),
        49: .served(.alibaba, mode: "compatible", base: "https://dashscope.aliyuncs.com", path: "/compatible-mode/v1"),
        50: .alike(path: ""),
        51: .alike("https://generativelanguage.googleapis.com/v1beta/openai", path: ""),
    ]

    static let newAPI: [Int: ChannelMeaning] = [
        2: .unserved("Midjourney is not a chat API"),
        4: .alike("http://localhost:11434"),
        5: .unserved("Midjourney is not a chat API"),
        17: .served(.alibaba, mode: "compatible", base: "https://dashscope.aliyuncs.com", path: "/compatible-mode/v1"),
        26: .served(.zhipu, base: "https://open.bigmodel.cn", path: "/api/paas/v4"),
        27: .alike("https://api.perplexity.ai", path: ""),
        34: .unserved("Cohere is not a platform of ours"),
        35: .alike("https://api.minimax.chat"),
        36: .unserved("Suno is not a chat API"),
        37: .unserved("Dify is not a platform of ours"),
        38: .unserved("Jina is not a platform of ours"),
        39: .unserved("Cloudflare Workers AI is not a platform of ours"),
        40: .alike("https://api.siliconflow.cn"),
        41: .unserved("Google Vertex AI is not a platform of ours"),
        42: .alike("https://api.mistral.ai"),
        43: .alike("https://api.deepseek.com"),
        44: .unserved("MokaAI is not a platform of ours"),
        45: .alike("https://ark.cn-beijing.volces.com", path: "/api/v3"),
        46: .served(.baidu, mode: "native", base: "https://qianfan.baidubce.com", path: "/v2"),
        47: .alike(),
        48: .alike("https://api.x.ai"),
        49: .unserved("Coze is not a platform of ours"),
        50: .unserved("Kling makes videos"),
        51: .unserved("Jimeng makes images"),
        52: .unserved("Vidu makes videos"),
        53: .alike("https://llm.submodel.ai"),
        54: .unserved("Doubao's video API makes videos"),
        55: .unserved("Sora makes videos"),
        56: .unserved("Replicate is not a platform of ours"),
        57: .unserved("Codex accounts have no API key"),
    ]
}
