import Shared

/// A batch that a command makes (pure).
struct NewBatch {
    /// Chosen: a week, so that nobody must come back on the same day.
    static let kept: Int64 = 7 * 86_400_000

    let id: String
    let file: String
    let tenant: String
    let lines: Int
    let operation: Job.Operation
    let options: BatchOptions
    let metadata: JSON
    let deadline: Int64

    /// Its lines were checked already, so it can begin at once.
    func batch(now: Int64) -> Batch {
        var batch = Batch(
            id: id, tenant: tenant, inputFile: file, operation: operation, status: .inProgress, options: options,
            metadata: metadata)
        batch.counts.total = lines
        batch.times.deadline = now + deadline
        batch.times.resultsExpire = Self.expiry(now + deadline)
        return batch
    }

    static func expiry(_ deadline: Int64) -> Int64 { deadline + kept }

    /// The name without its folders, as the list of files shows it.
    static func filename(_ path: String) -> String {
        path == "-" ? "stdin.jsonl" : String(path.split(separator: "/").last ?? "input").clipped(toBytes: Bounds.name)
    }
}
