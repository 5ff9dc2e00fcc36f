import Shared

/// Calls of models as OpenTelemetry's GenAI conventions describe them (pure).
///
/// Neither prompts nor answers are here, nor any text of the caller: stop sequences and names of tools are left out.
extension TraceSpan {
    /// Says what is asked of which platform.
    mutating func describe(_ request: ModelRequest, on route: Route) {
        set(SpanKey.operation, text: request.operation.rawValue)
        set(SpanKey.provider, text: route.model.provider.conventionalName)
        set(SpanKey.requestModel, text: route.model.modelID)
        set(SpanKey.account, text: route.account.id)
        guard case .chat(let chat) = request else { return }
        if chat.isStream { set(SpanKey.requestStream, flag: true) }
        if chat.n != 1 { set(SpanKey.choiceCount, number: chat.n) }
        set(SpanKey.maxTokens, number: chat.maxTokens)
        set(SpanKey.seed, number: chat.body["seed"]?.intValue)
        for (key, member) in Self.sampling { set(key, decimal: chat.body[member]?.doubleValue) }
        if let effort = chat.body["reasoning_effort"]?.stringValue, Self.efforts.contains(effort) {
            set(SpanKey.reasoningLevel, text: effort)
        }
        if let type = chat.body["response_format"]?["type"]?.stringValue, type.hasPrefix("json") {
            set(SpanKey.outputType, text: "json")
        }
    }

    private static let sampling = [
        (SpanKey.temperature, "temperature"), (SpanKey.topP, "top_p"),
        (SpanKey.frequencyPenalty, "frequency_penalty"), (SpanKey.presencePenalty, "presence_penalty"),
    ]
    private static let efforts: Set<String> = ["none", "minimal", "low", "medium", "high", "xhigh"]

    /// Says what came of it, in the numbers of its ledger row.
    mutating func describe(_ record: AttemptRecord, upstreamStatus: Int?) {
        set(SpanKey.responseID, text: record.upstreamRequest)
        set(SpanKey.responseModel, text: record.upstreamModel)
        set(SpanKey.finishReasons, texts: [record.finishReason].compactMap { $0 })
        if record.isStreamed {
            set(SpanKey.timeToFirstChunk, decimal: record.firstToken.map { Double($0) / 1000 })
        }
        describe(record.usage)
        set(SpanKey.status, number: upstreamStatus)
        if record.status != .done { fail(record.failureName) }
    }

    private mutating func describe(_ usage: TokenUsage) {
        set(SpanKey.inputTokens, number: usage.input)
        set(SpanKey.outputTokens, number: usage.output)
        let parts = [
            (SpanKey.cachedTokens, usage.cached), (SpanKey.cacheWriteTokens, usage.cacheWrites),
            (SpanKey.reasoningTokens, usage.reasoning),
        ]
        for (key, count) in parts where count > 0 { set(key, number: count) }
        if usage.isEstimated { set(SpanKey.isEstimated, flag: true) }
    }
}

extension AttemptRecord {
    /// The word for the reason why there is no answer.
    var failureName: String { errorKind?.rawValue ?? status.rawValue }
}

extension Provider {
    /// The value of `gen_ai.provider.name`.
    ///
    /// The conventions name the first two. The others are named as they name theirs: the company and its product.
    fileprivate var conventionalName: String {
        switch self {
        case .openai: "openai"
        case .anthropic: "anthropic"
        case .baidu: "baidu.qianfan"
        case .alibaba: "alibaba.dashscope"
        case .tencent: "tencent.hunyuan"
        case .zhipu: "zhipu.bigmodel"
        case .sandbox: "sandbox"
        }
    }
}
