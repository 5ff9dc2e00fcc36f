import Shared

/// Rows of `submitter jobs list --recent`: attempts that have ended, from the ledger in PostgreSQL.
enum EndedAttempts {
    static let columns = [
        "ended_at", "id", "attempt", "status", "error", "tenant", "model", "account", "lane", "tokens_in", "tokens_out",
        "cost", "currency", "latency_ms",
    ]

    /// Members of the usage log, by the names that `jobs` has for them.
    private static let names = [
        ("id", "request_id"), ("attempt", "attempt"), ("started_at", "started_at"), ("ended_at", "ended_at"),
        ("status", "status"), ("error", "error_kind"), ("tenant", "tenant"), ("user", "user"), ("model", "model"),
        ("provider", "provider"), ("account", "account"), ("lane", "lane"), ("worker", "worker"),
        ("tokens_in", "tokens_in"), ("tokens_out", "tokens_out"), ("tokens_cached", "tokens_cached"), ("cost", "cost"),
        ("currency", "currency"), ("latency_ms", "latency_ms"), ("ttft_ms", "ttft_ms"), ("queue_ms", "queue_ms"),
    ]

    static func row(_ attempt: LoggedAttempt) -> JSON {
        var row: JSONObject = [:]
        for (name, member) in names { row.set(name, attempt.json[member] ?? .null) }
        return .object(row)
    }

    /// With times in words.
    static func readable(_ row: JSON) -> JSON {
        guard var shown = row.objectValue else { return row }
        shown.set("ended_at", .string(AdminTable.time(row["ended_at"])))
        return .object(shown)
    }
}
