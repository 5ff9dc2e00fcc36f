/// A ledger row as JSON in the outbox.
///
/// Unknown members are ignored, missing ones have their defaults.
///
/// Numbers are bounded here, so that none can overflow later. `AttemptRecord.bounded` has the bounds of columns.
extension AttemptRecord {
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes.open("{")
        encodeRoute(into: &bytes)
        encodeResult(into: &bytes)
        // Older builds read exactly four counts and four prices, so these stand beside them.
        if usage.cacheWrites > 0 {
            bytes.open("[", "cw")
            bytes.append(elements: usage.cacheWrites, usage.hourlyCacheWrites)
            bytes.close("]")
        }
        if prices.cacheWrite != prices.input || prices.hourlyCacheWrite != prices.input {
            bytes.open("[", "pw")
            bytes.append(elements: prices.cacheWrite, prices.hourlyCacheWrite, else: "0")
            bytes.close("]")
        }
        if let user { bytes.append("u", user) }
        if let endedAt { bytes.append("e", endedAt) }
        if let errorKind { bytes.append("err", errorKind.rawValue) }
        if let finishReason { bytes.append("fr", finishReason) }
        if let upstreamModel { bytes.append("um", upstreamModel) }
        if let upstreamRequest { bytes.append("ur", upstreamRequest) }
        if let firstToken { bytes.append("ft", firstToken) }
        bytes.close("}")
        return bytes
    }

    private func encodeRoute(into bytes: inout [UInt8]) {
        bytes.append("s", startedAt)
        bytes.append("q", enqueuedAt)
        bytes.append("t", tenant)
        bytes.append("l", lane.rawValue)
        bytes.append("st", isStreamed)
        bytes.append("w", worker)
        bytes.append("m", model)
        bytes.append("p", provider)
        bytes.append("ac", account)
        bytes.open("[", "pr")
        bytes.append(elements: prices.input, prices.cachedInput, prices.output, else: "0")
        bytes.append(element: prices.currency)
        bytes.close("]")
    }

    private func encodeResult(into bytes: inout [UInt8]) {
        bytes.append("status", status.rawValue)
        bytes.open("[", "tok")
        bytes.append(elements: usage.input, usage.output, usage.cached, usage.reasoning)
        bytes.close("]")
        bytes.append("est", usage.isEstimated)
    }

    /// `nil` for what no version of this service has written.
    package init?(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let object = json.objectValue else { return nil }
        var members = JSONMembers(object)
        guard let started = members["s"]?.moment else { return nil }
        self.init(startedAt: started, enqueuedAt: members["q"]?.moment ?? started)
        readRoute(&members)
        readResult(&members)
        user = members["u"]?.stringValue
        endedAt = members["e"]?.moment
        errorKind = members["err"]?.stringValue.flatMap(JobFailure.Kind.init)
        finishReason = members["fr"]?.stringValue
        upstreamModel = members["um"]?.stringValue
        upstreamRequest = members["ur"]?.stringValue
        firstToken = members["ft"]?.moment
    }

    private mutating func readRoute(_ members: inout JSONMembers) {
        tenant = members["t"]?.stringValue ?? tenant
        lane = members["l"]?.stringValue.flatMap(Lane.init) ?? lane
        isStreamed = members["st"]?.boolValue ?? false
        worker = members["w"]?.stringValue ?? ""
        model = members["m"]?.stringValue ?? ""
        provider = members["p"]?.stringValue ?? ""
        account = members["ac"]?.stringValue ?? ""
        prices = Prices(json: members["pr"], cacheWrites: members["pw"]) ?? prices
    }

    private mutating func readResult(_ members: inout JSONMembers) {
        status = members["status"]?.stringValue.flatMap(Status.init) ?? .lost
        let tokens = (members["tok"]?.arrayValue ?? []).map { $0.count ?? 0 }
        if tokens.count == 4 {
            usage = TokenUsage(input: tokens[0], output: tokens[1], cached: tokens[2], reasoning: tokens[3])
        }
        usage.isEstimated = members["est"]?.boolValue ?? false
        let writes = (members["cw"]?.arrayValue ?? []).map { $0.count ?? 0 }
        if writes.count == 2 { (usage.cacheWrites, usage.hourlyCacheWrites) = (writes[0], writes[1]) }
    }
}
