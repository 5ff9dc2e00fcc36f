/// A ledger row as JSON in the outbox.
///
/// Unknown members are ignored, missing ones have their defaults.
///
/// Numbers are bounded here, so that none can overflow later. `AttemptRecord.bounded` has the bounds of columns.
extension AttemptRecord {
    package var encoded: [UInt8] {
        var object: JSONObject = [
            "s": .int(Int(startedAt)), "q": .int(Int(enqueuedAt)), "t": .string(tenant), "l": .string(lane.rawValue),
            "st": .bool(isStreamed), "w": .string(worker), "m": .string(model), "p": .string(provider),
            "ac": .string(account), "pr": prices.json, "status": .string(status.rawValue),
            "tok": .array([usage.input, usage.output, usage.cached, usage.reasoning].map { .int($0) }),
            "est": .bool(usage.isEstimated),
        ]
        // Older builds read exactly four counts and four prices, so these stand beside them.
        if usage.cacheWrites > 0 {
            object.set("cw", .array([usage.cacheWrites, usage.hourlyCacheWrites].map { .int($0) }))
        }
        if prices.cacheWrite != prices.input || prices.hourlyCacheWrite != prices.input {
            object.set("pw", prices.cacheWriteJSON)
        }
        if let user { object.set("u", .string(user)) }
        if let endedAt { object.set("e", .int(Int(endedAt))) }
        if let errorKind { object.set("err", .string(errorKind.rawValue)) }
        if let finishReason { object.set("fr", .string(finishReason)) }
        if let upstreamModel { object.set("um", .string(upstreamModel)) }
        if let upstreamRequest { object.set("ur", .string(upstreamRequest)) }
        if let firstToken { object.set("ft", .int(Int(firstToken))) }
        return object.encoded
    }

    /// `nil` for what no version of this service has written.
    package init?(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let started = json["s"]?.moment else { return nil }
        self.init(startedAt: started, enqueuedAt: json["q"]?.moment ?? started)
        tenant = json["t"]?.stringValue ?? tenant
        user = json["u"]?.stringValue
        lane = json["l"]?.stringValue.flatMap(Lane.init) ?? lane
        isStreamed = json["st"]?.boolValue ?? false
        worker = json["w"]?.stringValue ?? ""
        model = json["m"]?.stringValue ?? ""
        provider = json["p"]?.stringValue ?? ""
        account = json["ac"]?.stringValue ?? ""
        prices = Prices(json: json["pr"], cacheWrites: json["pw"]) ?? prices
        status = json["status"]?.stringValue.flatMap(Status.init) ?? .lost
        endedAt = json["e"]?.moment
        let tokens = (json["tok"]?.arrayValue ?? []).map { $0.count ?? 0 }
        if tokens.count == 4 {
            usage = TokenUsage(input: tokens[0], output: tokens[1], cached: tokens[2], reasoning: tokens[3])
        }
        let writes = (json["cw"]?.arrayValue ?? []).map { $0.count ?? 0 }
        if writes.count == 2 { (usage.cacheWrites, usage.hourlyCacheWrites) = (writes[0], writes[1]) }
        usage.isEstimated = json["est"]?.boolValue ?? false
        errorKind = json["err"]?.stringValue.flatMap(JobFailure.Kind.init)
        finishReason = json["fr"]?.stringValue
        upstreamModel = json["um"]?.stringValue
        upstreamRequest = json["ur"]?.stringValue
        firstToken = json["ft"]?.moment
    }
}
