import Shared

/// An uploaded file of requests: one row of `batch_files`.
struct BatchFile: Sendable, Equatable {
    var id: String
    var tenant: String
    var purpose = "batch"
    var filename: String
    var bytes = 0
    var lines = 0
    /// All of its chunks are there.
    var isReady = false
    /// Milliseconds since 1970.
    var created: Int64 = 0
    var expires: Int64 = 0
}

/// Whole lines of a file, each with its line feed.
struct BatchChunk: Sendable, Equatable {
    /// From 0.
    var seq: Int
    /// From 1.
    var firstLine: Int
    var lines: Int
    var data: String

    /// Chosen: small beside a process' 60 MB, large beside a row's cost.
    ///
    /// A line that is longer has a chunk of its own.
    static let bytes = 256 * 1024
}

/// Ids of files and batches, unguessable.
enum BatchID {
    static func file() -> String { "file-" + random() }
    static func batch() -> String { "batch_" + random() }

    /// The batch of a request with an `Idempotency-Key`: the same for every retry of the same tenant.
    static func batch(tenant: String, idempotencyKey: String) -> String {
        let words = JobID.digest("batch:\(tenant.utf8.count):\(tenant)\(idempotencyKey)")
        return "batch_" + words.prefix(2).map(digits).joined()
    }

    /// The result files of a batch, which are made as they are read.
    static func outputFile(of batch: String) -> String { "file-" + batch + "-output" }
    static func errorFile(of batch: String) -> String { "file-" + batch + "-error" }

    /// The batch and the rows that a file id of the two above stands for.
    static func resultFile(_ id: String) -> (batch: String, kind: BatchResultKind)? {
        guard id.hasPrefix("file-batch_") else { return nil }
        let rest = id.dropFirst("file-".count)
        if rest.hasSuffix("-output") { return (String(rest.dropLast("-output".count)), .succeeded) }
        if rest.hasSuffix("-error") { return (String(rest.dropLast("-error".count)), .failed) }
        return nil
    }

    private static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in digits(generator.next()) }.joined()
    }

    private static func digits(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
