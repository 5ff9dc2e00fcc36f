/// An answer that is kept: the whole completion, and what is said about it.
package struct CachedAnswer: Sendable, Equatable {
    /// Our id of the model that answered.
    package var model: String
    /// The platform's name for it.
    package var upstreamModel: String?
    package var finishReason: String?
    /// Tokens that were used to make the answer.
    package var usage: TokenUsage
    /// The completion as JSON, as it would be answered unstreamed.
    package var body: [UInt8]

    package init(
        model: String, upstreamModel: String?, finishReason: String?, usage: TokenUsage, body: [UInt8]
    ) {
        self.model = model
        self.upstreamModel = upstreamModel
        self.finishReason = finishReason
        self.usage = usage
        self.body = body
    }
}

extension CachedAnswer {
    /// One line of JSON, a line feed, and the completion byte for byte.
    package var encoded: [UInt8] {
        var head: JSONObject = [
            "v": 1, "model": .string(model),
            "usage": .array(
                [usage.input, usage.output, usage.cached, usage.reasoning, usage.isEstimated ? 1 : 0].map { .int($0) }),
        ]
        if usage.cacheWrites > 0 {
            head.set("cache_writes", .array([usage.cacheWrites, usage.hourlyCacheWrites].map { .int($0) }))
        }
        if let upstreamModel { head.set("upstream_model", .string(upstreamModel)) }
        if let finishReason { head.set("finish_reason", .string(finishReason)) }
        return head.encoded + [UInt8(ascii: "\n")] + body
    }

    /// `nil` for what another version wrote, or nobody did.
    package init?(decoding bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")), let head = try? JSON(parsing: Array(bytes[..<end])),
            head["v"]?.intValue == 1, let model = head["model"]?.stringValue,
            let counts = head["usage"]?.arrayValue?.compactMap(\.count), counts.count == 5, end + 1 < bytes.count
        else { return nil }
        self.init(
            model: model, upstreamModel: head["upstream_model"]?.stringValue,
            finishReason: head["finish_reason"]?.stringValue,
            usage: TokenUsage(
                input: counts[0], output: counts[1], cached: counts[2], reasoning: counts[3],
                cacheWrites: head["cache_writes"]?[0]?.count ?? 0,
                hourlyCacheWrites: head["cache_writes"]?[1]?.count ?? 0, isEstimated: counts[4] == 1),
            body: Array(bytes[(end + 1)...]))
    }
}
