/// Reads and writes a job as the fields of a queue entry.
///
/// In: the flat field list of a stream entry, written by us or by any producer in any language. Out: a `Job`, or a
/// `JobWireError` that names the wrong field. Unknown fields are ignored.
extension Job {
    /// Chosen: fifty attempts with long names.
    ///
    /// The trail is there for people, so one that is longer is left out.
    private static let maxTrailBytes = 64 * 1024
    /// Chosen: ours are below 20.
    ///
    /// The scripts that move an entry hand over its fields, of which Lua takes some 4,000.
    private static let mostFields = 1000

    /// Field names and values, in the order they are written.
    package var fields: [(String, [UInt8])] {
        var fields: [(String, [UInt8])] = [
            ("v", Array(operation == .chat ? "1".utf8 : "2".utf8)), ("id", Array(id.utf8)), ("t", Array(tenant.utf8)),
            ("dl", Array("\(deadline)".utf8)), ("n", Array("\(attemptsBefore)".utf8)),
        ]
        if operation != .chat { fields.append(("op", Array(operation.rawValue.utf8))) }
        if let shim { fields.append(("sh", Array(shim.utf8))) }
        if let user { fields.append(("u", Array(user.utf8))) }
        if let requestID { fields.append(("ri", Array(requestID.utf8))) }
        if let trace {
            fields.append(("tp", Array(trace.parent.utf8)))
            if let state = trace.state { fields.append(("ts", Array(state.utf8))) }
        }
        if let provider { fields.append(("pr", Array(provider.rawValue.utf8))) }
        if let routingStrategy { fields.append(("rs", Array(routingStrategy.utf8))) }
        if onWorkerLoss != .fail { fields.append(("wl", Array(onWorkerLoss.rawValue.utf8))) }
        if !trail.isEmpty { fields.append(("at", trail)) }
        if deathsBefore > 0 { fields.append(("ld", Array("\(deathsBefore)".utf8))) }
        if isTracked { fields.append(("tr", [UInt8(ascii: "1")])) }
        if let cacheTTL { fields.append(("ca", Array("\(cacheTTL)".utf8))) }
        switch body {
        case .inline(let bytes): fields.append(("req", bytes))
        case .stored: fields.append(("rq", [UInt8(ascii: "1")]))
        }
        if let original {
            fields.append(("di", Array(original.dialect.rawValue.utf8)))
            fields.append(("ob", original.body))
        }
        return fields
    }

    /// Reads an entry.
    ///
    /// `v`, `id` and `req` (or `rq`) are required. A missing `dl` is `defaultDeadline`, which the caller derives from
    /// the entry's own id, so that every worker computes the same one.
    package init(entry fields: [RedisValue], lane: Lane, defaultDeadline: Int64) throws(JobWireError) {
        let entry = JobEntry(fields)
        guard fields.count <= 2 * Self.mostFields else {
            throw entry.broken("expected at most \(Self.mostFields) fields")
        }
        guard let version = try entry.number("v", upTo: Int64(Int32.max)), version >= 1 else {
            throw entry.broken("v: expected 1 or 2")
        }
        guard let id = entry.id else { throw entry.broken("id: expected <shard>-<8 to 64 of A-Z a-z 0-9 _ ->") }
        let deadline = try entry.number("dl", upTo: Job.latestMoment) ?? defaultDeadline
        let attemptsBefore = Int(try entry.number("n", upTo: Int64(Job.mostAttempts)) ?? 0)
        guard version <= Job.version else {
            throw .newerVersion(id: id, deadline: deadline, attemptsBefore: attemptsBefore, channel: entry.shim)
        }
        self.init(id: id, deadline: deadline, body: .stored)
        self.lane = lane
        self.attemptsBefore = attemptsBefore
        try read(entry)
    }

    /// The fields that every version has, in the order in which their mistakes are told.
    private mutating func read(_ entry: JobEntry) throws(JobWireError) {
        deathsBefore = Int(try entry.number("ld", upTo: Int64(Job.mostAttempts)) ?? 0)
        shim = try entry.text(.shim)
        tenant = try entry.text(.tenant) ?? "default"
        user = try entry.text(.user)
        // Only for people to search by.
        requestID = try? JobText("ri", maxBytes: 128).read(entry.values)
        // Wrong ones count as none, as W3C says.
        trace = entry.values["tp"].flatMap { TraceContext(parent: $0, state: entry.values["ts"]) }
        routingStrategy = try entry.text(.strategy)
        isTracked = try entry.text(JobText("tr")) == "1"
        trail = entry.values["at"].flatMap { $0.count <= Self.maxTrailBytes ? $0 : nil } ?? []
        cacheTTL = try entry.number("ca", upTo: .max).map { Int(clamping: min($0, Int64(Job.maxCacheTTL))) }
        operation = try entry.choice("op", "expected chat or embeddings") ?? operation
        provider = try entry.choice("pr", "unknown provider")
        onWorkerLoss = try entry.choice("wl", "expected fail or restart") ?? onWorkerLoss
        if let body = entry.values["req"] {
            self.body = .inline(body)
        } else if entry.values["rq"] == nil {
            throw entry.broken("req: missing")
        }
        original = Original(entry.values)
    }
}

extension Job.Original {
    /// `nil` where there is none, or one that is too long or of a dialect unknown to this build.
    ///
    /// The job runs without it, by its neutral request, so nothing here is an error.
    fileprivate init?(_ values: [String: [UInt8]]) {
        guard let name = try? JobText("di").read(values), let dialect = Job.Dialect(rawValue: name),
            let body = values["ob"], (1...Job.inlineBodyBytes).contains(body.count)
        else { return nil }
        self.init(dialect, body)
    }
}
