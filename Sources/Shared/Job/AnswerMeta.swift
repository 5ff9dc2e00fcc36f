/// Describes an answer beside the answer itself: one line of JSON in the end record of a log.
package struct AnswerMeta: Sendable, Equatable {
    /// One attempt of the trail: its route, its outcome and its time.
    package struct Attempt: Sendable, Equatable {
        package var attempt: Int
        package var model: String
        package var provider: String
        package var account: String
        /// `nil` for the attempt that answered.
        package var error: JobFailure.Kind?
        package var milliseconds: Int64
        package var cost: Double

        package init(
            attempt: Int, model: String, provider: String, account: String, error: JobFailure.Kind?,
            milliseconds: Int64,
            cost: Double = 0
        ) {
            self.attempt = attempt
            self.model = model
            self.provider = provider
            self.account = account
            self.error = error
            self.milliseconds = milliseconds
            self.cost = cost
        }
    }

    package var model = ""
    package var upstreamModel: String?
    package var provider = ""
    package var account = ""
    /// In `currency`, for all attempts together.
    package var cost = 0.0
    package var currency = "USD"
    package var finishReason: String?
    package var usage = TokenUsage()
    package var attempts: [Attempt] = []
    /// The answer came from the answer cache, or `nil` where the cache was not asked.
    package var isCached: Bool?
    /// Sampling parameters that the model does not take and that were left out.
    package var dropped: [String] = []

    package init() {}

    package static let droppedKey = "dropped_params"

    package var encoded: [UInt8] {
        var object = JSONObject()
        // First, where the shim looks for it.
        if !dropped.isEmpty { object.set(AnswerMeta.droppedKey, .array(dropped.map(JSON.string))) }
        let members: JSONObject = [
            "model": .string(model), "provider": .string(provider), "account": .string(account),
            "cost": JSONNumber(cost).map(JSON.number) ?? .null, "currency": .string(currency),
            "usage": usage.openAI, "estimated": .bool(usage.isEstimated),
            "attempts": .array(attempts.map(\.json)),
        ]
        for member in members.members { object.set(member.key, member.value) }
        if let upstreamModel { object.set("upstream_model", .string(upstreamModel)) }
        if let finishReason { object.set("finish_reason", .string(finishReason)) }
        // Last, since the shim reads it off the end.
        if let isCached { object.set("cached", .bool(isCached)) }
        return object.encoded
    }
}

extension AnswerMeta.Attempt {
    /// Attempts before a wait travel with the queue entry, and only the latest of very many.
    package static func encode(_ trail: [AnswerMeta.Attempt]) -> [UInt8] {
        JSON.array(trail.suffix(longestTrail).map(\.json)).encoded
    }

    private static let longestTrail = 50

    /// Leaves out what cannot be read: the trail is there for people.
    package static func decode(_ bytes: [UInt8]) -> [AnswerMeta.Attempt] {
        ((try? JSON(parsing: bytes))?.arrayValue ?? []).suffix(longestTrail).compactMap { json in
            guard let number = json["attempt"]?.count else { return nil }
            func name(_ key: String) -> String { json[key]?.stringValue?.clipped(toBytes: Bounds.name) ?? "" }
            return AnswerMeta.Attempt(
                attempt: number, model: name("model"), provider: name("provider"), account: name("account"),
                error: json["error"]?.stringValue.flatMap(JobFailure.Kind.init),
                milliseconds: Int64(json["ms"]?.count ?? 0),
                cost: json["cost"]?.doubleValue?.clamped(to: Bounds.cost) ?? 0)
        }
    }

    fileprivate var json: JSON {
        [
            "attempt": .int(attempt), "model": .string(model), "provider": .string(provider),
            "account": .string(account), "error": error.map { .string($0.rawValue) } ?? .null,
            "ms": .int(Int(clamping: milliseconds)), "cost": JSONNumber(cost).map(JSON.number) ?? .null,
        ]
    }
}

extension TokenUsage {
    /// As OpenAI writes it in `usage`.
    ///
    /// Tokens written to a cache, for which OpenAI has no word, have Anthropic's.
    package var openAI: JSON {
        var usage: JSONObject = [
            "prompt_tokens": .int(input), "completion_tokens": .int(output), "total_tokens": .int(input + output),
            "prompt_tokens_details": ["cached_tokens": .int(cached)],
            "completion_tokens_details": ["reasoning_tokens": .int(reasoning)],
        ]
        guard cacheWrites > 0 else { return .object(usage) }
        usage.set("cache_creation_input_tokens", .int(cacheWrites))
        usage.set(
            "cache_creation",
            [
                "ephemeral_5m_input_tokens": .int(max(0, cacheWrites - hourlyCacheWrites)),
                "ephemeral_1h_input_tokens": .int(hourlyCacheWrites),
            ])
        return .object(usage)
    }
}
