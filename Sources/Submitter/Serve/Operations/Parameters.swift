import Shared

/// Parameters that several routes take.
extension APIParameter {
    static var tenant: APIParameter {
        .header(
            "X-Tenant", .text(matching: "^[A-Za-z0-9._-]{1,64}$").defaulting(to: "default"),
            "Whose request this is. A tenant has its own books, jobs, files and turn in the queue.", example: "team-a")
    }

    static var idempotencyKey: APIParameter {
        .header(
            "Idempotency-Key", .text(matching: "^[ -~]{1,255}$"),
            "The same key and body give the same answer, billed once. Another body is refused (422).",
            example: "order-42")
    }

    static var priority: APIParameter {
        .header("X-Priority", .words(Lane.self).defaulting(to: "normal"), "The lane of the queue.")
    }

    static var deadline: APIParameter {
        .header(
            "X-Deadline-Ms", .whole(1...86_400_000),
            "Milliseconds that the request has. The default is the setting JOB_DEADLINE.", example: 60_000)
    }

    static var cacheTTL: APIParameter {
        .header(
            "X-Cache-TTL", .whole(0...Job.maxCacheTTL),
            "Seconds for which the answer may be kept for equal requests. 0: a fresh answer, which is not kept.",
            example: 3600)
    }

    static var actor: APIParameter {
        .header(
            "X-Actor", .text(matching: "^[ -~]{1,128}$").defaulting(to: "api"),
            "The person who changes something, for the audit log.", example: "jane")
    }

    static func limit(_ range: ClosedRange<Int> = 1...1000, default standard: JSON = 100) -> APIParameter {
        .query("limit", .whole(range).defaulting(to: standard), "Rows at most.")
    }

    static func after(_ what: String, example: String) -> APIParameter {
        .query(
            "after", .text(matching: "^[A-Za-z0-9._-]{1,\(Bounds.id)}$"),
            "The \(what) before the page, by its id.", example: .string(example))
    }
}

extension [APIParameter] {
    /// Of requests to models.
    static var call: Self { [.tenant, .idempotencyKey, .priority, .deadline, .cacheTTL] }
}

extension APIHeader {
    static var cache: APIHeader {
        APIHeader(
            name: "X-Cache", schema: .oneOf(["hit", "miss"]), text: "Where a kept answer was looked for: its outcome.")
    }

    static var droppedParams: APIHeader {
        APIHeader(
            name: "X-Dropped-Params", schema: .string,
            text: "Sampling parameters that the model does not take and that were left out, separated by commas.")
    }

    static var location: APIHeader {
        APIHeader(name: "Location", schema: .string, text: "The path of what was made.")
    }

    static var queuePosition: APIHeader {
        APIHeader(name: "X-Queue-Position", schema: .whole(1...Int.max), text: "The place of a job that waits.")
    }

    static var queueWait: APIHeader {
        APIHeader(name: "X-Queue-Wait", schema: .integer, text: "Seconds that it is expected to wait.")
    }
}
