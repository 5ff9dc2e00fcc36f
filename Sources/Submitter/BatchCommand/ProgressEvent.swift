import Shared

/// Lines of JSON for programs that start a command (pure).
///
/// Each has `event`. Members are only ever added.
enum ProgressEvent {
    static func progress(_ state: ProgressState, running: Int) -> JSON {
        var object = counts(state.batch)
        object.set("running", .int(running))
        object.set("requests_per_second", number(state.lineRate))
        object.set("tokens_per_second", number(state.tokenRate))
        object.set("seconds_left", state.secondsLeft.map(JSON.int) ?? .null)
        object.set("cost_estimated", .object(JSONObject(costs: state.costs.map { ($0.currency, $0.total) })))
        object.set("p50_ms", state.latencies.percentile(0.5).map(JSON.int) ?? .null)
        object.set("p95_ms", state.latencies.percentile(0.95).map(JSON.int) ?? .null)
        return event("progress", object)
    }

    static func finished(_ end: JournalEnd, _ batch: Batch?, _ models: [BatchModelSum]) -> JSON {
        var object = batch.map(counts) ?? JSONObject()
        object.set("status", .string(end.status.rawValue))
        object.set("halt", end.halt.map { .string($0.rawValue) } ?? .null)
        object.set("succeeded", .int(end.succeeded))
        object.set("failed", .int(end.failed))
        object.set("exit_code", .int(Int(end.exitCode)))
        object.set("models", .array(models.map(\.json)))
        return event("finished", object)
    }

    static func counts(_ batch: Batch) -> JSONObject {
        let counts = batch.counts
        return [
            "batch": .string(batch.id), "status": .string(batch.status.rawValue), "total": .int(counts.total),
            "done": .int(counts.done), "succeeded": .int(counts.succeeded), "failed": .int(counts.failed),
            "retried": .int(counts.retried), "tokens_in": .int(counts.tokens.input),
            "tokens_out": .int(counts.tokens.output), "cost": counts.costJSON,
        ]
    }

    static func event(_ name: String, _ members: JSONObject = JSONObject()) -> JSON {
        var object = JSONObject()
        object.set("event", .string(name))
        for member in members.members { object.set(member.key, member.value) }
        return .object(object)
    }

    private static func number(_ value: Double?) -> JSON {
        value.flatMap { JSONNumber(($0 * 10).rounded() / 10) }.map(JSON.number) ?? .null
    }
}

extension JSONObject {
    init(costs: [(String, Double)]) {
        self.init()
        for (currency, sum) in costs { set(currency, JSONNumber(sum).map(JSON.number) ?? 0) }
    }
}

extension BatchModelSum {
    var json: JSON {
        [
            "model": .string(model), "succeeded": .int(succeeded), "failed": .int(failed),
            "tokens_in": .int(tokensIn), "tokens_out": .int(tokensOut), "cost": JSONNumber(cost).map(JSON.number) ?? 0,
            "currency": .string(currency), "p50_ms": .int(p50), "p95_ms": .int(p95),
        ]
    }
}
