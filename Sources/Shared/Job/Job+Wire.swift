/// Reads and writes a job as the fields of a queue entry.
///
/// In: the flat field list of a stream entry, written by us or by any producer in any language. Out: a `Job`, or a
/// `JobWireError` that names the wrong field. Unknown fields are ignored.
package enum JobWireError: Error, Equatable {
    /// Written by a newer build. This build judges nothing of it but how long it waits.
    case newerVersion(id: String, deadline: Int64, attemptsBefore: Int, channel: String?)
    /// Cannot be run by any worker. `id` is `nil` where there is no usable one to answer to.
    case undecodable(id: String?, channel: String?, reason: String)
}

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
        var values: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].string, let value = fields[index + 1].bytes else { continue }
            values[name] = value
        }
        let shim = try? JobText.shim.read(values)
        let id = (try? JobText.id.read(values)).flatMap { JobID.isValid($0) ? $0 : nil }
        func broken(_ reason: String) -> JobWireError { .undecodable(id: id, channel: shim, reason: reason) }
        func text(_ field: JobText) throws(JobWireError) -> String? {
            do throws(JobText.Unreadable) { return try field.read(values) } catch { throw broken(error.reason) }
        }
        func number(_ name: String, upTo most: Int64) throws(JobWireError) -> Int64? {
            guard let text = try text(JobText(name, maxBytes: 20)) else { return nil }
            guard let value = Int64(text), (0...most).contains(value) else {
                throw broken("\(name): expected a whole number from 0 to \(most)")
            }
            return value
        }

        guard fields.count <= 2 * Self.mostFields else { throw broken("expected at most \(Self.mostFields) fields") }
        guard let version = try number("v", upTo: Int64(Int32.max)), version >= 1 else {
            throw broken("v: expected 1 or 2")
        }
        guard let id else { throw broken("id: expected <shard>-<8 to 64 of A-Z a-z 0-9 _ ->") }
        let deadline = try number("dl", upTo: Job.latestMoment) ?? defaultDeadline
        let attemptsBefore = Int(try number("n", upTo: Int64(Job.mostAttempts)) ?? 0)
        guard version <= Job.version else {
            throw .newerVersion(id: id, deadline: deadline, attemptsBefore: attemptsBefore, channel: shim)
        }

        self.init(id: id, deadline: deadline, body: .stored)
        self.lane = lane
        self.attemptsBefore = attemptsBefore
        deathsBefore = Int(try number("ld", upTo: Int64(Job.mostAttempts)) ?? 0)
        self.shim = try text(.shim)
        tenant = try text(.tenant) ?? "default"
        user = try text(.user)
        // Only for people to search by.
        requestID = try? JobText("ri", maxBytes: 128).read(values)
        routingStrategy = try text(.strategy)
        isTracked = try text(JobText("tr")) == "1"
        trail = values["at"].flatMap { $0.count <= Self.maxTrailBytes ? $0 : nil } ?? []
        cacheTTL = try number("ca", upTo: .max).map { Int(clamping: min($0, Int64(Job.maxCacheTTL))) }
        if let name = try text(JobText("op")) {
            guard let operation = Operation(rawValue: name) else { throw broken("op: expected chat or embeddings") }
            self.operation = operation
        }
        if let name = try text(JobText("pr")) {
            guard let provider = Provider(rawValue: name) else { throw broken("pr: unknown provider") }
            self.provider = provider
        }
        if let name = try text(JobText("wl")) {
            guard let policy = WorkerLossPolicy(rawValue: name) else { throw broken("wl: expected fail or restart") }
            onWorkerLoss = policy
        }
        if let body = values["req"] {
            self.body = .inline(body)
        } else if values["rq"] == nil {
            throw broken("req: missing")
        }
        original = Original(values)
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

/// A text field of a queue entry with its longest length, since it becomes part of keys, rows and logs.
struct JobText {
    struct Unreadable: Error { let reason: String }

    static let id = JobText("id", maxBytes: 80)
    static let shim = JobText("sh", maxBytes: 128)
    /// The length that an index of the ledger takes.
    static let tenant = JobText("t", maxBytes: Bounds.tenant)
    static let user = JobText("u", maxBytes: Bounds.user)
    static let strategy = JobText("rs", maxBytes: 64)

    let name: String
    let maxBytes: Int

    init(_ name: String, maxBytes: Int = 64) {
        self.name = name
        self.maxBytes = maxBytes
    }

    /// `nil` where it is missing or empty.
    func read(_ values: [String: [UInt8]]) throws(Unreadable) -> String? {
        guard let bytes = values[name], !bytes.isEmpty else { return nil }
        guard bytes.count <= maxBytes, !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw Unreadable(reason: "\(name): expected text of at most \(maxBytes) bytes")
        }
        return text
    }
}
