import Shared

@testable import Submitter

/// Batches, results and catalogues for tests.
enum BatchFixtures {
    static func batch(
        total: Int = 100, ok: Int = 0, failed: Int = 0, status: Batch.Status = .inProgress, cost: [String: Double] = [:]
    ) -> Batch {
        var batch = Batch(
            id: "batch_1", tenant: "default", inputFile: "file-1", operation: .chat, status: status)
        batch.counts.total = total
        batch.counts.succeeded = ok
        batch.counts.failed = failed
        batch.counts.recorded = ok + failed
        batch.counts.cost = cost
        return batch
    }

    static func result(_ line: Int, seq: Int? = nil, isOK: Bool = true, milliseconds: Int = 100) -> BatchResult {
        var result = BatchResult(line: line, isOK: isOK, body: #"{"custom_id":"\#(line)"}"#)
        result.seq = seq ?? line
        result.attempts = 1
        result.milliseconds = milliseconds
        return result
    }

    static let catalog = CatalogSnapshot(models: [
        Model(id: "chat", provider: .sandbox, maxTokens: 100, prices: Prices(input: 1_000_000, output: 2_000_000)),
        Model(
            id: "dear", name: "chat", provider: .openai, maxTokens: 200,
            prices: Prices(input: 2_000_000, output: 3_000_000)),
        Model(id: "endless", provider: .sandbox, prices: Prices(input: 1_000_000, output: 1_000_000)),
        Model(id: "vectors", provider: .sandbox, capabilities: Capabilities(["embeddings": true])),
        Model(id: "blind", provider: .sandbox, capabilities: Capabilities(["vision": false])),
        Model(id: "off", provider: .sandbox, isActive: false),
        Model(id: "yuan", provider: .sandbox, prices: Prices(input: 1, output: 1, currency: "CNY")),
    ])

    static func check(
        _ lines: [String], model: String? = nil, provider: Provider? = nil, maxCost: Double? = nil
    ) -> InputCheck {
        let options = BatchOptions(maxCost: maxCost, provider: provider)
        var check = InputCheck(form: LineForm(model: model), options: options, catalog: catalog)
        for (index, line) in lines.enumerated() {
            check.check(LineReader.Line(number: index + 1, bytes: Array(line.utf8)))
        }
        check.finish()
        return check
    }
}
