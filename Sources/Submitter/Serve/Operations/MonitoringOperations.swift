import Shared

/// The entries of the metrics and of the scaling signal.
extension APIOperation {
    static var showFigures: APIOperation {
        APIOperation(
            "showFigures", .status, "The figures of the whole service at this moment",
            details: "200 also while Redis is away: it says so, and what it cannot know is null.",
            answers: [.ok("The figures.", .figures, example: Self.figuresSample)], refusals: [.values])
    }

    static var watchFigures: APIOperation {
        APIOperation(
            "watchFigures", .status, "The figures of the whole service as they change",
            details:
                "One event at once, and one each `METRICS_INTERVAL`. The stream ends with the process. Readers beyond "
                + "`LIVE_READERS` are refused.",
            answers: [
                APIAnswer(
                    status: 200, text: "Server-sent events, each with all figures. Comments keep the connection open.",
                    contents: [
                        APIContent(
                            type: "text/event-stream",
                            schema: JSONSchema.any.adding("contentMediaType", "text/event-stream")
                                .adding("contentSchema", .figures),
                            examples: [("Two events", "data: {…}\n\ndata: {…}\n\n")])
                    ])
            ],
            refusals: [.values, [APIRefusal(.tooManyReaders(MonitoringSettings().liveReaders)), APIRefusal(.stopping)]])
    }

    static var showScaling: APIOperation {
        APIOperation(
            "showScaling", .status, "How many workers there should be",
            details: "For autoscalers, as the scaler `metrics-api` of KEDA: `valueLocation` is `wanted_workers`.",
            answers: [.ok("The wanted number, and what it was made of.", .scaling, example: Self.scalingSample)],
            refusals: [.values, .redisAway])
    }

    static var scrape: APIOperation {
        APIOperation(
            "scrape", .status, "Metrics for Prometheus",
            answers: [
                APIAnswer(
                    status: 200, text: "The text format of Prometheus, version 0.0.4.",
                    contents: [APIContent(type: "text/plain", schema: .string)])
            ])
    }

    private static let scalingSample: JSON = [
        "wanted_workers": 3, "reason": "work", "workers": 2, "slots": 1024, "ready": 400, "running": 980,
        "waiting": 412, "waiting_for_capacity": 12, "delayed": 0, "oldest_age_seconds": 0.412,
        "at": Samples.milliseconds,
    ]

    private static let figuresSample: JSON = [
        "at": Samples.milliseconds, "dependencies": ["redis": ["status": "ok"], "postgres": ["status": "ok"]],
        "requests": [
            "answered": 5120, "by_status": ["1xx": 0, "2xx": 5100, "3xx": 0, "4xx": 18, "5xx": 2], "open": 12,
            "streams_open": 7, "stream_resumes": 1, "slow_readers": 0,
        ],
        "workers": [
            "alive": 2, "slots": 1024, "running": 12, "attempts": 5133, "failed_attempts": 31,
            "tokens": ["input": 61_440, "output": 204_800],
        ],
        "queue": [
            "lanes": [["lane": "normal", "waiting": 3, "running": 12, "oldest_age_seconds": 0.042]], "ready": 3,
            "delayed": 0, "waiting_for_capacity": 0, "dead_letters": 0,
            "outbox": ["rows": 4, "oldest_age_seconds": 0.1],
        ],
        "accounts": [
            [
                "id": "openai-1", "provider": "openai", "state": "ok", "running": 3, "waiting": 0,
                "cooldown_seconds": 0, "headroom": ["rpm": 0.918],
            ]
        ],
        "process": [
            "id": "shim-1", "version": .string(Build.version), "uptime_seconds": 3600, "cpu_seconds": 41.5,
            "resident_memory_bytes": 41_943_040, "threads": 9, "open_files": 31,
        ],
    ]
}

extension JSONSchema {
    fileprivate static var scaling: JSONSchema {
        .named("Scaling") {
            .object([
                .must("wanted_workers", .whole(0...ScalingDecision.most)),
                .must("reason", .words(ScalingDecision.Reason.self), "The bound that made the number."),
                .must("workers", .integer, "Those that are alive."), .must("slots", .integer, "Of all of them."),
                .must("ready", .integer, "Requests that only wait for a worker."), .must("running", .integer),
                .must("waiting", .integer, "Requests that wait for whatever reason."),
                .must("waiting_for_capacity", .integer), .must("delayed", .integer),
                .must("oldest_age_seconds", .number, "Of the lanes `high` and `normal`."), .must("at", .moment),
            ])
        }
    }

    fileprivate static var figures: JSONSchema {
        .named("Figures") {
            .object([
                .must("at", .moment),
                .must(
                    "dependencies",
                    .object([.must("redis", .reached), .must("postgres", .reached.orNull)])),
                .must("requests", .answeredRequests, "Of this shim, since it began."),
                .must("workers", .workersFigures.orNull, "Sums over live workers, since each of them began."),
                .must("queue", .queueFigures.orNull), .must("accounts", .list(of: .accountFigures).orNull),
                .must("process", .processFigures, "This shim."),
            ])
        }
    }

    private static var reached: JSONSchema {
        .object([.must("status", .oneOf(["ok", "unavailable"])), .may("reason", .string)])
    }

    private static var answeredRequests: JSONSchema {
        let classes: [Member] = (1...5).map { .must("\($0)xx", .integer) }
        return .object([
            .must("answered", .integer), .must("by_status", .object(classes)), .must("open", .integer),
            .must("streams_open", .integer), .must("stream_resumes", .integer), .must("slow_readers", .integer),
        ])
    }

    private static var workersFigures: JSONSchema {
        .object([
            .must("alive", .integer), .must("slots", .integer), .must("running", .integer),
            .must("attempts", .integer), .must("failed_attempts", .integer),
            .must("tokens", .object([.must("input", .integer), .must("output", .integer)])),
        ])
    }

    private static var queueFigures: JSONSchema {
        let lane: [Member] = [
            .must("lane", .words(Lane.self)), .must("waiting", .integer), .must("running", .integer),
            .must("oldest_age_seconds", .number),
        ]
        return .object([
            .must("lanes", .list(of: .object(lane))), .must("ready", .integer), .must("delayed", .integer),
            .must("waiting_for_capacity", .integer), .must("dead_letters", .integer),
            .must(
                "outbox", .object([.must("rows", .integer), .must("oldest_age_seconds", .number)]),
                "Ledger rows on their way."),
        ])
    }

    private static var accountFigures: JSONSchema {
        let shares: [Member] = AccountFigures.Limit.allCases.map { .may($0.rawValue, .number) }
        return .object([
            .must("id", .string), .must("provider", .words(Provider.self)), .must("state", .words(AccountState.self)),
            .must("running", .integer), .must("waiting", .integer, "Requests that wait for it."),
            .must("cooldown_seconds", .number),
            .must("headroom", .object(shares), "The share of each of its limits that is left."),
        ])
    }

    private static var processFigures: JSONSchema {
        .object([
            .must("id", .string), .must("version", .string), .must("uptime_seconds", .number),
            .must("cpu_seconds", .number), .must("resident_memory_bytes", .integer), .must("threads", .integer),
            .must("open_files", .integer),
        ])
    }
}
