/// A route's health as JSON in Redis.
///
/// Unknown members are ignored, missing ones have their defaults, numbers are bounded.
extension RouteHealth {
    package var encoded: [UInt8] {
        var object: JSONObject = [
            "s": number(success), "row": .int(failuresInRow), "op": .int(openings), "rest": .int(Int(coolDownUntil)),
            "from": .int(Int(coolDownSince)), "cap": .bool(isForCapacity), "ref": .int(refusals),
            "dis": .bool(isDisabled), "at": .int(Int(changedAt)),
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
        success = json["s"]?.doubleValue?.clamped(to: 0...1) ?? 1
        firstToken = json["ft"]?.doubleValue?.clamped(to: 0...86_400)
        let latest = Int(Bounds.moments.upperBound)
        recent = (json["rec"]?.arrayValue ?? []).suffix(20).compactMap { $0.whole(in: -latest...latest) }.map {
            Recent(at: Int64(abs($0)), isAnswer: $0 > 0)
        }
        failuresInRow = json["row"]?.count ?? 0
        openUntil = json["open"]?.moment
        openings = json["op"]?.count ?? 0
        coolDownUntil = json["rest"]?.moment ?? 0
        coolDownSince = json["from"]?.moment ?? 0
        isForCapacity = json["cap"]?.boolValue ?? true
        refusals = json["ref"]?.count ?? 0
        isDisabled = json["dis"]?.boolValue ?? false
        reason = json["why"]?.stringValue.flatMap(JobFailure.Kind.init)
        changedAt = json["at"]?.moment ?? 0
    }

    private func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .int(0) }
}
