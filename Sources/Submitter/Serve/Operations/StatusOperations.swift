import Shared

/// The entries of the state of this process and of the service.
extension APIOperation {
    static var live: APIOperation {
        APIOperation(
            "live", .status, "The process runs",
            answers: [.ok("It does.", .object([.must("status", .only("ok"))]), example: ["status": "ok"])])
    }

    static var ready: APIOperation {
        APIOperation(
            "ready", .status, "The process can take requests",
            details: "For load balancers and orchestrators: 503 while it cannot, with the reasons.",
            answers: [
                .ok("It can.", .readiness, example: ["status": "ok", "workers": 2, "problems": []]),
                APIAnswer(
                    status: 503, text: "It cannot.",
                    contents: [
                        .json(
                            .readiness,
                            example: ["status": "unavailable", "workers": 0, "problems": ["no worker is alive"]])
                    ]),
            ])
    }

    static var showHealth: APIOperation {
        APIOperation(
            "showHealth", .status, "The service, what it depends on, and every account with its state and the reason",
            answers: [
                .ok("The report.", .health, example: Self.report),
                APIAnswer(
                    status: 503, text: "Nothing could be answered: the report, or less of it where Redis is away.",
                    contents: [.json(.health, example: Self.redisAway)]),
            ])
    }

    private static let report: JSON = [
        "status": "ok",
        "dependencies": [
            "redis": ["status": "ok", "durable": true, "warnings": []], "postgres": ["status": "ok"],
            "workers": ["status": "ok", "alive": 2],
        ],
        "waiting_for_capacity": 0,
        "providers": [["provider": "openai", "accounts": 1, "usable": 1, "status": "ok"]],
        "accounts": [account],
    ]

    private static let account: JSON = [
        "id": "openai-1", "name": "openai-1", "provider": "openai", "status": "active", "state": "ok", "reason": .null,
        "score": 0.998, "circuit": "closed", "opens_again_ms": 0, "rests_ms": 0, "failures_in_row": 0,
        "first_token_seconds": 0.41, "running": 3,
        "limits": [
            "rpm": ["limit": 500, "used": 41], "tpm": ["limit": .null, "used": 9310],
            "concurrency": ["limit": .null, "used": 3],
            "quota": ["limit": .null, "used": .null, "period": "total", "resets_at_ms": .null],
        ],
        "models": [],
    ]

    private static let redisAway: JSON = [
        "status": "unavailable",
        "dependencies": ["redis": ["status": "unavailable", "reason": "cannot be reached"]],
    ]
}

extension JSONSchema {
    fileprivate static var readiness: JSONSchema {
        .named("Readiness") {
            .object([
                .must("status", .oneOf(["ok", "unavailable"])),
                .must("workers", .integer.orNull, "Those that are alive; null until Redis was asked."),
                .must("problems", .list(of: .string), "What is missing."),
            ])
        }
    }

    static var health: JSONSchema {
        .named("Health") {
            .object([
                .must("status", .oneOf(["ok", "degraded", "unavailable"])),
                .must(
                    "dependencies",
                    .object([
                        .must("redis", .dependency), .may("postgres", .dependency), .may("workers", .dependency),
                    ])),
                .may("waiting_for_capacity", .integer, "Requests that wait for an account."),
                .may("providers", .list(of: .platformHealth)), .may("accounts", .list(of: .accountHealth)),
            ])
        }
    }

    private static var dependency: JSONSchema {
        .object([
            .must("status", .oneOf(["ok", "unavailable"])), .may("reason", .string),
            .may("durable", .boolean, "Of Redis: data there outlives a restart."),
            .may("warnings", .list(of: .string)), .may("alive", .integer, "Workers."),
        ])
    }

    private static var platformHealth: JSONSchema {
        .object([
            .must("provider", .words(Provider.self)), .must("accounts", .integer), .must("usable", .integer),
            .must("status", .oneOf(["ok", "degraded", "unavailable"])),
        ])
    }

    private static var accountHealth: JSONSchema {
        .named("AccountHealth") {
            let head: [Member] = [
                .must("id", .string), .must("name", .string), .must("provider", .words(Provider.self)),
                .must("status", .words(Account.Status.self), "The catalogue's."),
                .must(
                    "state", .oneOf(["ok", "resting", "circuit_open", "quota_exhausted", "disabled"]),
                    "Whether it can be used."),
            ]
            let load: [Member] = [
                .must("running", .integer, "Requests under way."), .must("limits", .limits),
                .must("models", .list(of: .object([.must("model", .string)] + routeHealth))),
            ]
            return .object(head + routeHealth + load)
        }
    }

    /// Of an account, and of each of its models.
    private static var routeHealth: [Member] {
        [
            .must("score", .number.orNull, "From 0 to 1."),
            .must("circuit", .oneOf(["closed", "open", "half_open"])),
            .must("opens_again_ms", .integer, "Until a trial is let through."),
            .must("rests_ms", .integer, "The rest of a cool-down."), .must("failures_in_row", .integer),
            .must("first_token_seconds", .number.orNull), .must("reason", .string.orNull),
        ]
    }

    private static var limits: JSONSchema {
        let limit: [Member] = [.must("limit", .integer.orNull), .must("used", .integer.orNull)]
        let quota: [Member] = [.must("period", .words(QuotaPeriod.self)), .must("resets_at_ms", .moment.orNull)]
        return .object([
            .must("rpm", .object(limit)), .must("tpm", .object(limit)), .must("concurrency", .object(limit)),
            .must("quota", .object(limit + quota)),
        ])
    }
}
