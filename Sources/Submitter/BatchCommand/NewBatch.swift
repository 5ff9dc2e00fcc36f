import Shared

/// A batch that a command makes (pure).
struct NewBatch {
    /// Chosen: a week, so that nobody must come back on the same day.
    static let kept: Int64 = 7 * 86_400_000

    let id: String
    let file: String
    /// The input's path.
    let filename: String
    let lines: Int
    let operation: Job.Operation
    let tenant: String
    let options: BatchOptions
    let metadata: JSON
    /// Milliseconds.
    let deadline: Int64

    /// Its lines were checked already, so it can begin at once.
    func batch(now: Int64) -> Batch {
        var batch = Batch(
            id: id, tenant: tenant, inputFile: file, operation: operation, status: .inProgress, options: options,
            metadata: metadata)
        batch.counts.total = lines
        batch.times.deadline = now + deadline
        batch.times.resultsExpire = now + deadline + Self.kept
        return batch
    }

    func uploaded(now: Int64) -> BatchFile {
        BatchFile(id: file, tenant: tenant, filename: name, expires: now + deadline + Self.kept)
    }

    /// Without folders, as a list of files shows it.
    private var name: String {
        let last = filename == "-" ? "stdin.jsonl" : filename.split(separator: "/").last.map(String.init)
        return (last ?? "input").clipped(toBytes: Bounds.name)
    }
}
