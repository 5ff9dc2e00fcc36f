import Shared

/// The attempts of a job and its time line, from the ledger and, while it lives, from its log (pure).
///
/// The ledger has attempts within a second of their end. Until then, and while one runs, the log says what is known.
struct JobTrail: Sendable {
    /// An attempt that runs.
    struct Running: Sendable {
        let number: Int
        let record: AttemptRecord
    }

    let id: String
    /// Of the jobs API with lane, worker and room, or `nil` where the log has expired.
    let report: JSON?
    let booked: [LoggedAttempt]
    let running: Running?

    var json: JSON {
        var job = report?.objectValue
        for name in ["attempts", "links", "id", "object"] { job?.remove(name) }
        return [
            "id": .string(id), "object": "job.trail", "job": job.map { .object($0) } ?? .null,
            "attempts": .array(attempts), "timeline": .array(timeline),
        ]
    }

    // MARK: - Attempts

    /// In their order, each from the first source that has it.
    private var attempts: [JSON] {
        var known = booked.map { Self.with($0.json, "source", "ledger") }
        let numbers = Set(booked.compactMap { $0.json["attempt"]?.intValue })
        for attempt in report?["attempts"]?.arrayValue ?? [] {
            guard let number = attempt["attempt"]?.intValue, !numbers.contains(number) else { continue }
            known.append(unbooked(attempt))
        }
        if let running, isRunning, !numbers.contains(running.number) { known.append(row(of: running)) }
        return known.sorted { ($0["attempt"]?.intValue ?? 0) < ($1["attempt"]?.intValue ?? 0) }
    }

    private var isRunning: Bool { report?["status"] == "running" }

    /// From the trail in the log's end.
    private func unbooked(_ attempt: JSON) -> JSON {
        let error = attempt["error"] ?? .null
        return [
            "request_id": .string(id), "attempt": attempt["attempt"] ?? .null,
            "status": error == .null ? "done" : "error", "error_kind": error, "model": attempt["model"] ?? .null,
            "provider": attempt["provider"] ?? .null, "account": attempt["account"] ?? .null,
            "latency_ms": attempt["ms"] ?? .null, "cost": attempt["cost"] ?? .null, "source": "log",
        ]
    }

    private func row(of running: Running) -> JSON {
        let record = running.record
        return [
            "request_id": .string(id), "attempt": .int(running.number),
            "started_at": .number(JSONNumber(record.startedAt)), "status": "running",
            "tenant": .string(record.tenant), "user": record.user.map { .string($0) } ?? .null,
            "model": .string(record.model), "provider": .string(record.provider), "account": .string(record.account),
            "lane": .string(record.lane.rawValue), "streamed": .bool(record.isStreamed),
            "worker": .string(record.worker), "tokens_in": .int(record.usage.input),
            "tokens_out": .int(record.usage.output), "queue_ms": .number(JSONNumber(record.waited)),
            "estimated": true, "source": "log",
        ]
    }

    private static func with(_ json: JSON, _ name: String, _ value: JSON) -> JSON {
        guard var object = json.objectValue else { return json }
        object.set(name, value)
        return .object(object)
    }

    // MARK: - Time line

    /// Events in their order, each with `at` in milliseconds since 1970 where it is known.
    ///
    /// `waited_ms` of a claim is the time since the request was queued, or since the attempt before ended: in its lane,
    /// for capacity and for a retry's pause.
    private var timeline: [JSON] {
        var events: [JSON] = []
        var last = queuedAt
        if let last { events.append(Self.event("queued", at: last)) }
        for attempt in attempts {
            let start = attempt["started_at"]?.int64
            var claimed = Self.event(
                "claimed", at: start, ["attempt", "model", "provider", "account", "worker"], attempt)
            if let start, let last {
                claimed = Self.with(claimed, "waited_ms", .number(JSONNumber(max(0, start.subtractingClamped(last)))))
            }
            events.append(claimed)
            if let start, let first = attempt["ttft_ms"]?.int64 {
                events.append(Self.event("first_token", at: start.addingClamped(first), ["attempt"], attempt))
            }
            guard attempt["status"] != "running" else { continue }
            let end = attempt["ended_at"]?.int64
            events.append(Self.event("ended", at: end, ["attempt", "status", "error_kind"], attempt))
            last = end ?? last
        }
        return events + [waiting, endWithoutAttempt].compactMap(\.self)
    }

    private var queuedAt: Int64? {
        let first = booked.first.flatMap { row in
            row.json["started_at"]?.int64.map { $0.subtractingClamped(row.json["queue_ms"]?.int64 ?? 0) }
        }
        return first ?? report?["enqueued_at"]?.int64 ?? running?.record.enqueuedAt
    }

    /// The request waits now: for capacity of accounts, for a time, or in its lane.
    private var waiting: JSON? {
        guard let report, report["status"] == "queued" else { return nil }
        let event = report["waits_for"] == nil ? "waiting" : "waiting_for_capacity"
        return Self.event(event, at: nil, ["waits_for", "due_at", "queue"], report)
    }

    /// A request that failed or was cancelled before it began.
    private var endWithoutAttempt: JSON? {
        guard let report, let status = report["status"]?.stringValue, !["queued", "running"].contains(status),
            attempts.isEmpty
        else { return nil }
        return Self.event("ended", at: nil, ["status", "error"], report)
    }

    private static func event(
        _ name: String, at moment: Int64?, _ members: [String] = [], _ source: JSON = .null
    ) -> JSON {
        var event: JSONObject = [
            "event": .string(name), "at": moment.map { .number(JSONNumber($0)) } ?? .null,
        ]
        for member in members {
            if let value = source[member], value != .null { event.set(member, value) }
        }
        return .object(event)
    }
}

extension JSON {
    fileprivate var int64: Int64? { intValue.map { Int64($0) } }
}
