import Shared

/// Bounds of files and of the results of batches.
struct BatchSettings: Sendable {
    /// OpenAI's limit (developers.openai.com/api/docs/guides/batch, 2026-11).
    var maxFileBytes = 200 << 20
    var fileLife = Duration.seconds(2_592_000)
    var resultLife = Duration.seconds(2_592_000)

    init() {}

    init(_ settings: inout Settings) {
        maxFileBytes = settings.int(
            "BATCH_FILE_BYTES", default: maxFileBytes, in: 1024...(1 << 40),
            "Largest file that `/v1/files` takes, in bytes; then 413.")
        fileLife = settings.seconds(
            "BATCH_FILE_TTL", default: 2_592_000, in: 3600...31_536_000,
            "How long an uploaded file is kept, unless its upload says otherwise.")
        resultLife = settings.seconds(
            "BATCH_RESULT_TTL", default: 2_592_000, in: 86_400...31_536_000,
            "How long a batch and its results are kept after its completion window, unless its request says otherwise."
        )
    }
}
