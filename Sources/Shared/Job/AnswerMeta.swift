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
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes.open("{")
        // First, where the shim looks for it.
        if !dropped.isEmpty {
            bytes.open("[", AnswerMeta.droppedKey)
            for name in dropped { bytes.append(element: name) }
            bytes.close("]")
        }
        bytes.append("model", model)
        bytes.append("provider", provider)
        bytes.append("account", account)
        bytes.append("cost", cost, else: "null")
        bytes.append("currency", currency)
        usage.encode(into: &bytes, "usage")
        bytes.append("estimated", usage.isEstimated)
        bytes.open("[", "attempts")
        for attempt in attempts { attempt.encode(into: &bytes) }
        bytes.close("]")
        if let upstreamModel { bytes.append("upstream_model", upstreamModel) }
        if let finishReason { bytes.append("finish_reason", finishReason) }
        // Last, since the shim reads it off the end.
        if let isCached { bytes.append("cached", isCached) }
        bytes.close("}")
        return bytes
    }
}

extension AnswerMeta.Attempt {
    /// Attempts before a wait travel with the queue entry, and only the latest of very many.
    package static func encode(_ trail: [AnswerMeta.Attempt]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.open("[")
        for attempt in trail.suffix(longestTrail) { attempt.encode(into: &bytes) }
        bytes.close("]")
        return bytes
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

    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.open("{")
        bytes.append("attempt", attempt)
        bytes.append("model", model)
        bytes.append("provider", provider)
        bytes.append("account", account)
        if let error { bytes.append("error", error.rawValue) } else { bytes.append(null: "error") }
        bytes.append("ms", milliseconds)
        bytes.append("cost", cost, else: "null")
        bytes.close("}")
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

    /// Appends `openAI` as the member `name`.
    fileprivate func encode(into bytes: inout [UInt8], _ name: String) {
        bytes.open("{", name)
        bytes.append("prompt_tokens", input)
        bytes.append("completion_tokens", output)
        bytes.append("total_tokens", input + output)
        bytes.open("{", "prompt_tokens_details")
        bytes.append("cached_tokens", cached)
        bytes.close("}")
        bytes.open("{", "completion_tokens_details")
        bytes.append("reasoning_tokens", reasoning)
        bytes.close("}")
        if cacheWrites > 0 {
            bytes.append("cache_creation_input_tokens", cacheWrites)
            bytes.open("{", "cache_creation")
            bytes.append("ephemeral_5m_input_tokens", max(0, cacheWrites - hourlyCacheWrites))
            bytes.append("ephemeral_1h_input_tokens", hourlyCacheWrites)
            bytes.close("}")
        }
        bytes.close("}")
    }
}
