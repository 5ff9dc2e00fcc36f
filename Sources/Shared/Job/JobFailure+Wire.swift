/// A failure as the JSON in a log's end record:
/// `{"kind","message","param"?,"code"?,"status"?,"retry_after_ms"?}`.
extension JobFailure {
    package var encoded: [UInt8] {
        var object: JSONObject = ["kind": .string(kind.rawValue), "message": .string(message)]
        if let param { object.set("param", .string(param)) }
        if let code { object.set("code", .string(code)) }
        if let upstreamStatus { object.set("status", .int(upstreamStatus)) }
        if let retryAfter { object.set("retry_after_ms", .int(Int(clamping: retryAfter.milliseconds))) }
        return object.encoded
    }

    /// Reads a failure that any version of this service wrote.
    ///
    /// An unknown kind becomes `internal`.
    package init(decoding bytes: [UInt8]) {
        guard let json = try? JSON(parsing: bytes), let message = json["message"]?.stringValue else {
            self.init(.internal, "the failure record cannot be read")
            return
        }
        self.init(
            json["kind"]?.stringValue.flatMap(Kind.init) ?? .internal, message, param: json["param"]?.stringValue,
            code: json["code"]?.stringValue, upstreamStatus: json["status"]?.intValue,
            retryAfter: json["retry_after_ms"]?.count.map { .milliseconds($0) })
    }
}
