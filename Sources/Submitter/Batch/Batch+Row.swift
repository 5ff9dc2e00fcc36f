import Shared

/// Reads rows of PostgreSQL.
extension Batch {
    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.required("id")
        tenant = try row.required("tenant")
        inputFile = try row.required("input_file")
        guard let operation = Job.Operation(endpoint: try row.required("endpoint")),
            let status = Status(rawValue: try row.required("status"))
        else { throw PostgresError(.decoding, "a batch of a newer version") }
        self.operation = operation
        self.status = status
        halt = try row.text("halt").flatMap(Halt.init(rawValue:))
        isPaused = try row.bool("is_paused")
        options = BatchOptions(try row.json("options"))
        metadata = try row.text("metadata") == nil ? .null : row.json("metadata")
        errors = try row.text("errors") == nil ? .null : row.json("errors")
        counts = try BatchCounts(row)
        round = try row.required("round")
        runner = try row.text("runner")
        times = try BatchTimes(row)
    }
}

extension BatchCounts {
    init(_ row: PostgresRow) throws(PostgresError) {
        total = try row.required("total")
        recorded = try row.required("recorded")
        succeeded = try row.required("succeeded")
        failed = try row.required("failed")
        retried = try row.required("retried")
        running = try row.required("running")
        tokens = BatchTokens(
            input: try row.required("tokens_in"), output: try row.required("tokens_out"),
            cached: try row.required("tokens_cached"), reasoning: try row.required("tokens_reasoning"))
        for member in try row.json("cost").objectValue?.members ?? [] {
            cost[member.key] = member.value.doubleValue ?? 0
        }
        outputBytes = try row.required("output_bytes")
        errorBytes = try row.required("error_bytes")
    }

    var costJSON: JSON {
        var object = JSONObject()
        for (currency, sum) in cost.sorted(by: { $0.key < $1.key }) {
            object.set(currency, JSONNumber(sum).map(JSON.number) ?? 0)
        }
        return .object(object)
    }
}

extension BatchResult {
    init(_ row: PostgresRow) throws(PostgresError) {
        line = try row.required("line")
        seq = try row.required("seq")
        isOK = try row.bool("is_ok")
        isRetryable = try row.bool("is_retryable")
        requestID = try row.text("request_id")
        model = try row.required("model")
        usage = TokenUsage(
            input: try row.required("tokens_in"), output: try row.required("tokens_out"),
            cached: try row.required("tokens_cached"), reasoning: try row.required("tokens_reasoning"))
        cost = try row.required("cost")
        currency = try row.required("currency")
        milliseconds = try row.required("latency_ms")
        attempts = try row.required("attempts")
        body = try row.required("body")
    }
}

extension BatchFile {
    static let columns = """
        id, tenant, purpose, filename, bytes, lines, is_ready, \(BatchStore.milliseconds("created_at")) AS created_at, \
        \(BatchStore.milliseconds("expires_at")) AS expires_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        id = try row.required("id")
        tenant = try row.required("tenant")
        purpose = try row.required("purpose")
        filename = try row.required("filename")
        bytes = try row.required("bytes")
        lines = try row.required("lines")
        isReady = try row.bool("is_ready")
        created = try row.required("created_at")
        expires = try row.required("expires_at")
    }
}
