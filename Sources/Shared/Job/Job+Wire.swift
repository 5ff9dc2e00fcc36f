/// A job as the fields of a queue entry, and back.
///
/// In: the flat field list of a stream entry, written by us or by any producer in any language. Out: a `Job`, or a
/// `JobWireError` that says which field is wrong; unknown fields are ignored.
package enum JobWireError: Error, Equatable {
    /// Written by a newer build: not ours to judge. `id` where it can be read.
    case newerVersion(id: String)
    /// Cannot be run by anyone; `id` is nil where there is no usable one to answer to.
    case undecodable(id: String?, channel: String?, reason: String)
}

extension Job {
    /// Field names and values, in the order they are written.
    package var fields: [(String, [UInt8])] {
        var fields: [(String, [UInt8])] = [
            ("v", Array(operation == .chat ? "1".utf8 : "2".utf8)), ("id", Array(id.utf8)), ("t", Array(tenant.utf8)),
            ("dl", Array("\(deadline)".utf8)), ("n", Array("\(attemptsBefore)".utf8)),
        ]
        if operation != .chat { fields.append(("op", Array(operation.rawValue.utf8))) }
        if let shim { fields.append(("sh", Array(shim.utf8))) }
        if let user { fields.append(("u", Array(user.utf8))) }
        if let provider { fields.append(("pr", Array(provider.rawValue.utf8))) }
        if let routingStrategy { fields.append(("rs", Array(routingStrategy.utf8))) }
        if onWorkerLoss != .fail { fields.append(("wl", Array(onWorkerLoss.rawValue.utf8))) }
        if !trail.isEmpty { fields.append(("at", trail)) }
        if isTracked { fields.append(("tr", [UInt8(ascii: "1")])) }
        if let cacheTTL { fields.append(("ca", Array("\(cacheTTL)".utf8))) }
        switch body {
        case .inline(let bytes): fields.append(("req", bytes))
        case .stored: fields.append(("rq", [UInt8(ascii: "1")]))
        }
        return fields
    }

    /// Reads an entry.
    ///
    /// `v`, `id` and `req` (or `rq`) are required. A missing `dl` is `defaultDeadline`, which the caller derives from the
    /// entry's own id, so that every worker computes the same one.
    package init(entry fields: [RedisValue], lane: Lane, defaultDeadline: Int64) throws(JobWireError) {
        var values: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].string, let value = fields[index + 1].bytes else { continue }
            values[name] = value
        }
        func text(_ name: String) -> String? {
            values[name].flatMap { String(validating: $0, as: UTF8.self) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        let id = text("id").flatMap { JobID.isValid($0) ? $0 : nil }
        let shim = text("sh")
        func broken(_ reason: String) -> JobWireError { .undecodable(id: id, channel: shim, reason: reason) }

        guard let version = text("v").flatMap(Int.init), version >= 1 else { throw broken("v: expected 1 or 2") }
        guard let id else { throw broken("id: expected <shard>-<8 to 64 of A-Z a-z 0-9 _ ->") }
        guard version <= Job.version else { throw .newerVersion(id: id) }
        func number(_ name: String) throws(JobWireError) -> Int64? {
            guard let text = text(name) else { return nil }
            guard let value = Int64(text), value >= 0 else { throw broken("\(name): expected a whole number") }
            return value
        }

        self.init(id: id, deadline: try number("dl") ?? defaultDeadline, body: .stored)
        self.lane = lane
        self.shim = shim
        tenant = text("t") ?? "default"
        user = text("u")
        attemptsBefore = Int(clamping: try number("n") ?? 0)
        routingStrategy = text("rs")
        isTracked = text("tr") == "1"
        trail = values["at"] ?? []
        cacheTTL = try number("ca").map { Int(clamping: min($0, Int64(Job.maxCacheTTL))) }
        if let name = text("op") {
            guard let operation = Operation(rawValue: name) else { throw broken("op: expected chat or embeddings") }
            self.operation = operation
        }
        if let name = text("pr") {
            guard let provider = Provider(rawValue: name) else { throw broken("pr: unknown provider") }
            self.provider = provider
        }
        if let name = text("wl") {
            guard let policy = WorkerLossPolicy(rawValue: name) else { throw broken("wl: expected fail or restart") }
            onWorkerLoss = policy
        }
        if let body = values["req"] {
            self.body = .inline(body)
        } else if values["rq"] == nil {
            throw broken("req: missing")
        }
    }
}
