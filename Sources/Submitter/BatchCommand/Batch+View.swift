import Shared

/// A batch for people and programs (pure).
extension Batch {
    var view: JSON {
        var view: JSONObject = [
            "id": .string(id), "status": .string(status.rawValue), "tenant": .string(tenant),
            "endpoint": .string(operation.endpoint), "total": .int(counts.total), "done": .int(counts.done),
            "succeeded": .int(counts.succeeded), "failed": .int(counts.failed), "retried": .int(counts.retried),
            "running": .int(counts.running), "tokens_in": .int(counts.tokens.input),
            "tokens_out": .int(counts.tokens.output), "cost": counts.costJSON,
        ]
        if let halt { view.set("halt", .string(halt.rawValue)) }
        if isPaused { view.set("paused", true) }
        if round > 0 { view.set("round", .int(round)) }
        if options.json != [:] { view.set("options", options.json) }
        if metadata != .null { view.set("metadata", metadata) }
        if errors != .null { view.set("errors", errors) }
        if let runner { view.set("runner", .string(runner)) }
        view.set("input_file", .string(inputFile))
        for (name, time) in times.named { if let time { view.set(name, .int(Int(time))) } }
        return .object(view)
    }

    /// The mistakes in the input of a refused batch.
    var mistakes: [String] {
        (errors["data"]?.arrayValue ?? errors.arrayValue ?? []).map { $0["message"]?.stringValue ?? "refused" }
    }

    /// The columns of a list.
    var row: JSON {
        let cost = counts.cost.sorted { $0.key < $1.key }.map { ProgressWords.money($0.value, $0.key) }
        return [
            "id": .string(id), "status": .string(isPaused && !status.isEnded ? "paused" : status.rawValue),
            "done": .string("\(counts.done)/\(counts.total)"), "failed": .int(counts.failed),
            "cost": .string(cost.isEmpty ? "-" : cost.joined(separator: "+")),
            "created_at": .string(AdminTable.time(.int(Int(times.created)))), "tenant": .string(tenant),
        ]
    }
}

extension BatchTimes {
    fileprivate var named: [(String, Int64?)] {
        [
            ("created_at", created), ("in_progress_at", inProgress), ("finalizing_at", finalizing),
            ("completed_at", completed), ("failed_at", failed), ("expired_at", expired),
            ("cancelling_at", cancelling), ("cancelled_at", cancelled), ("deadline_at", deadline),
            ("results_expire_at", resultsExpire),
        ]
    }
}
