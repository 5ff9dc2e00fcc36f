/// A route's health as JSON in Redis. Unknown members are ignored, missing ones have their defaults.
extension RouteHealth {
    package var encoded: [UInt8] {
        var object: JSONObject = [
            "s": number(success), "row": .int(failuresInRow), "op": .int(openings), "rest": .int(Int(restsUntil)),
            "from": .int(Int(restsSince)), "cap": .bool(isForCapacity), "ref": .int(refusals), "dis": .bool(isDisabled),
            "at": .int(Int(changedAt)),
            "rec": .array(recent.map { .int(Int($0.isAnswer ? $0.at : -$0.at)) }),
        ]
        if let firstToken { object.set("ft", number(firstToken)) }
        if let openUntil { object.set("open", .int(Int(openUntil))) }
        if let reason { object.set("why", .string(reason.rawValue)) }
        return object.encoded
    }

    /// `nil` for what no version of this service has written.
    package init?(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), json.objectValue != nil else { return nil }
        self.init()
        success = json["s"]?.doubleValue ?? 1
        firstToken = json["ft"]?.doubleValue
        recent = (json["rec"]?.arrayValue ?? []).compactMap(\.intValue).map {
            Recent(at: Int64(abs($0)), isAnswer: $0 > 0)
        }
        failuresInRow = json["row"]?.intValue ?? 0
        openUntil = json["open"]?.intValue.map { Int64($0) }
        openings = json["op"]?.intValue ?? 0
        restsUntil = json["rest"]?.intValue.map { Int64($0) } ?? 0
        restsSince = json["from"]?.intValue.map { Int64($0) } ?? 0
        isForCapacity = json["cap"]?.boolValue ?? true
        refusals = json["ref"]?.intValue ?? 0
        isDisabled = json["dis"]?.boolValue ?? false
        reason = json["why"]?.stringValue.flatMap(JobFailure.Kind.init)
        changedAt = json["at"]?.intValue.map { Int64($0) } ?? 0
    }

    private func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .int(0) }
}
