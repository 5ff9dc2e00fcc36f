import Shared

/// The entries of the ledger: sums, attempts, and the trail of a job.
extension APIOperation {
    static var showUsage: APIOperation { statistics("showUsage", .usage, "Requests, attempts and tokens") }

    static var showPerformance: APIOperation {
        statistics("showPerformance", .performance, "Throughput, waits, first tokens and latencies, with percentiles")
    }

    static var showCost: APIOperation {
        statistics("showCost", .cost, "Cost by currency, with the part that failed attempts took")
    }

    static var showErrors: APIOperation {
        statistics("showErrors", .errors, "Errors by kind, and their share of all attempts")
    }

    static var listAttempts: APIOperation {
        APIOperation(
            "listAttempts", .statistics, "Attempts one by one, newest first",
            parameters: [
                .query("request_id", .text(from: 1, upTo: Bounds.id), "Those of one request."),
                .query("from", .string, "A date or a time, by `tz`.", example: "2026-11-29"),
                .query("to", .string, "The same, exclusive.", example: "2026-11-30T15:00"),
                .zone, .format, .limit(), .nextCursor,
            ] + filters,
            answers: [
                .rows(
                    "A page of them.", .page(of: .attempt, [.must("next_cursor", .string.orNull)]),
                    example: ["object": "list", "data": [Self.attempt], "next_cursor": .null])
            ],
            refusals: [.values, .ledgerAway])
    }

    static var showTrail: APIOperation {
        APIOperation(
            "showTrail", .statistics, "The attempts of a job, and when it was queued, claimed and answered",
            parameters: [.id("The job's id.", example: .string(Samples.job)), .tenant],
            answers: [.ok("The trail.", .trail, example: Self.trail, headers: [.jobID])],
            refusals: [.values, .notFound("such job"), .redisAway, .ledgerAway])
    }

    private static func statistics(_ id: String, _ view: StatisticsView, _ summary: String) -> APIOperation {
        APIOperation(
            id, .statistics, summary,
            parameters: [
                .query(
                    "period", .string.defaulting(to: "24h"),
                    "A length back from now in hours or days, or `FROM..UNTIL` with dates or times, by `tz`.",
                    example: "7d"),
                .query(
                    "group_by", .string,
                    "One or several of \(StatisticsDimension.allCases.map(\.rawValue).joined(separator: ", ")), with commas between them.",
                    example: "model"),
                .zone, .format, .limit(1...StatisticsRoutes.mostGroups), .nextCursor,
            ] + filters,
            answers: [.rows("A page of groups.", .statistics(view), example: sample(view))],
            refusals: [.values, .ledgerAway])
    }

    private static var filters: [APIParameter] {
        StatisticsDimension.filters.map {
            .query($0.rawValue, .string, "Only attempts of this one; empty: those without one.")
        }
    }

    // MARK: - Examples

    private static func sample(_ view: StatisticsView) -> JSON {
        var row: JSONObject = ["model": "gpt-4o-mini"]
        for name in view.own { row.set(name.rawValue, "USD") }
        for figure in view.figures { row.set(figure.name, 1) }
        return [
            "object": .string(view.rawValue), "from": "2026-11-28T15:00:00Z", "until": "2026-11-29T15:00:00Z",
            "tz": "UTC", "group_by": ["model"], "filters": [:], "groups": 1, "data": [.object(row)],
            "totals": .null, "next_cursor": .null,
        ]
    }

    private static var attempt: JSON {
        var row: JSONObject = [:]
        for name in LoggedAttempt.members { row.set(name, .null) }
        let known: JSONObject = [
            "request_id": .string(Samples.job), "attempt": 1, "started_at": Samples.milliseconds, "status": "done",
            "tenant": "default", "model": "gpt-4o-mini", "provider": "openai", "account": "openai-1",
            "lane": "normal", "streamed": true, "worker": "worker-1", "tokens_in": 12, "tokens_out": 40,
            "tokens_cached": 0, "tokens_reasoning": 0, "tokens_cache_write": 0, "tokens_cache_write_1h": 0,
            "cost": 0.00003, "currency": "USD", "queue_ms": 3, "estimated": false, "final": true,
        ]
        for member in known.members { row.set(member.key, member.value) }
        return .object(row)
    }

    private static var trail: JSON {
        [
            "id": .string(Samples.job), "object": "job.trail", "job": .null, "attempts": [attempt],
            "timeline": [
                ["event": "queued", "at": Samples.milliseconds],
                ["event": "claimed", "at": Samples.milliseconds, "attempt": 1, "account": "openai-1", "waited_ms": 3],
            ],
        ]
    }
}

extension APIAnswer {
    /// JSON, or CSV by `format`.
    fileprivate static func rows(_ text: String, _ schema: JSONSchema, example: JSON) -> APIAnswer {
        APIAnswer(
            status: 200, text: text,
            contents: [.json(schema, example: example), APIContent(type: "text/csv", schema: .string)],
            headers: [
                APIHeader(name: "X-Next-Cursor", schema: .string, text: "Of CSV: the cursor of the next page."),
                APIHeader(name: "X-Period", schema: .string, text: "Of sums as CSV: the time that they are of."),
            ])
    }
}

extension APIParameter {
    fileprivate static var zone: APIParameter {
        .query(
            "tz", .string.defaulting(to: "UTC"), "The time zone of days, and of times without one.",
            example: "Asia/Shanghai")
    }

    fileprivate static var format: APIParameter {
        .query("format", .words(QueryFilters.Format.self).defaulting(to: "json"), "The form of the answer.")
    }

    fileprivate static var nextCursor: APIParameter {
        .query("cursor", .string, "The `next_cursor` of the page before, of the same question.")
    }
}

extension [APIRefusal] {
    /// PostgreSQL is away, or takes too long.
    fileprivate static var ledgerAway: Self {
        [.unavailable, .timeout].map { APIRefusal(APIError(statistics: PostgresError($0, "sample"))) }
    }
}

extension JSONSchema {
    fileprivate static func statistics(_ view: StatisticsView) -> JSONSchema {
        let names: [Member] = StatisticsDimension.allCases.map { .may($0.rawValue, .string.orNull) }
        let figures: [Member] = view.figures.map {
            .must($0.name, ($0.isWhole ? JSONSchema.integer : .number).orNull)
        }
        return .object([
            .must("object", .only(view.rawValue)), .must("from", .string), .must("until", .string),
            .must("tz", .string), .must("group_by", .list(of: .words(StatisticsDimension.self))),
            .must("filters", .map(of: .string)), .must("groups", .integer, "Those of all pages."),
            .must("data", .list(of: .object(names + figures))),
            .must("totals", .list(of: .object(names + figures)).orNull, "Over all groups, one for each currency."),
            .must("next_cursor", .string.orNull, "Null on the last page."),
        ])
    }

    fileprivate static var attempt: JSONSchema {
        .named("LedgerAttempt") { .object(LoggedAttempt.members.map { .must($0, member($0)) }) }
    }

    private static func member(_ name: String) -> JSONSchema {
        switch name {
        case "attempt": .integer
        case "started_at": .moment
        case "ended_at": .moment.orNull
        case "cost": .number.orNull
        case "streamed", "estimated", "final": .boolean
        case "latency_ms", "ttft_ms", "queue_ms": .integer.orNull
        case _ where name.hasPrefix("tokens_"): .integer.orNull
        case "request_id", "status", "tenant", "model": .string
        default: .string.orNull
        }
    }

    fileprivate static var trail: JSONSchema {
        .named("JobTrail") {
            let event: [Member] = [.must("event", .string), .must("at", .moment.orNull)]
            return .object([
                .must("id", .string), .must("object", .only("job.trail")),
                .must("job", .object.orNull, "As the jobs API has it, or null where its log has expired."),
                .must("attempts", .list(of: .object), "Of the ledger, or what the log has of those not booked yet."),
                .must("timeline", .list(of: .object(event))),
            ])
        }
    }
}
