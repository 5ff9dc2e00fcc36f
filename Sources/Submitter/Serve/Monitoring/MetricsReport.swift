import Shared

/// The figures of the service for people and scripts, as JSON (pure).
///
/// In: the metrics of this shim, and the figures of the whole service, or `nil` while Redis is away.
struct MetricsReport {
    private let readings: [String: MetricReading]
    private let figures: ServiceFigures?
    private let shim: String
    private let now: Int64

    init(_ readings: [MetricReading], _ figures: ServiceFigures?, shim: String, now: Int64) {
        self.readings = Dictionary(readings.map { ($0.family.name, $0) }) { first, _ in first }
        self.figures = figures
        self.shim = shim
        self.now = now
    }

    var json: JSON {
        [
            "at": .number(JSONNumber(now)),
            "dependencies": [
                "redis": ["status": figures == nil ? "unavailable" : "ok"],
                "postgres": figures.map { $0.database.map(Self.unavailable) ?? ["status": "ok"] } ?? .null,
            ],
            "requests": requests,
            "workers": figures.map { Self.workers($0.queue) } ?? .null,
            "queue": figures.map { Self.queue($0.queue) } ?? .null,
            "accounts": figures.map { .array($0.accounts.map(Self.account)) } ?? .null,
            "process": process,
        ]
    }

    private static func unavailable(_ reason: String) -> JSON {
        ["status": "unavailable", "reason": .string(reason)]
    }

    // MARK: - Of this shim

    private func number(_ family: MetricFamily) -> Double { readings[family.name]?.sum() ?? 0 }

    private func count(_ family: MetricFamily) -> JSON { .figure(number(family)) }

    /// Since this process began.
    private var requests: JSON {
        let answered = readings[MetricFamily.httpRequests.name]
        let place = MetricFamily.httpRequests.labels.firstIndex(of: "status") ?? 0
        let classes = (1...5).map { "\($0)xx" }
        return [
            "answered": .figure(answered?.sum() ?? 0),
            "by_status": .object(
                classes.reduce(into: JSONObject()) { object, name in
                    object.set(name, .figure(answered?.sum { $0[place] == name } ?? 0))
                }),
            "open": count(.openRequests), "streams_open": count(.openStreams),
            "stream_resumes": count(.streamResumes), "slow_readers": count(.slowReaders),
        ]
    }

    private var process: JSON {
        let started = number(.processStart)
        return [
            "id": .string(shim), "version": .string(Build.version),
            "uptime_seconds": .figure(max(0, Double(now) / 1000 - started)),
            "cpu_seconds": count(.processCPU), "resident_memory_bytes": count(.processMemory),
            "threads": count(.processThreads), "open_files": count(.processOpenFiles),
        ]
    }

    // MARK: - Of all

    /// Sums over live workers, since each of them began.
    private static func workers(_ queue: QueueFigures) -> JSON {
        [
            "alive": .int(queue.workers), "slots": .int(queue.slots), "running": .int(queue.running),
            "attempts": .int(queue.totals.attempts), "failed_attempts": .int(queue.totals.failed),
            "tokens": ["input": .int(queue.totals.inputTokens), "output": .int(queue.totals.outputTokens)],
        ]
    }

    private static func queue(_ queue: QueueFigures) -> JSON {
        [
            "lanes": .array(
                queue.lanes.map { lane in
                    [
                        "lane": .string(lane.lane.rawValue), "waiting": .int(lane.waiting),
                        "running": .int(lane.running),
                        "oldest_age_seconds": .seconds(lane.oldest),
                    ]
                }),
            "ready": .int(queue.ready), "delayed": .int(queue.delayed), "waiting_for_capacity": .int(queue.parked),
            "dead_letters": .int(queue.deadLetters),
            "outbox": ["rows": .int(queue.outbox), "oldest_age_seconds": .seconds(queue.outboxAge)],
        ]
    }

    private static func account(_ account: AccountFigures) -> JSON {
        [
            "id": .string(account.id), "provider": .string(account.provider.rawValue),
            "state": .string(account.state.rawValue), "running": .int(account.running),
            "waiting": .int(account.waiting), "cooldown_seconds": .seconds(account.coolDown),
            "headroom": .object(
                account.headroom.reduce(into: JSONObject()) { $0.set($1.limit.rawValue, .figure($1.share)) }),
        ]
    }
}
