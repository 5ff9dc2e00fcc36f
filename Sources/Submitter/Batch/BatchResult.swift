import Shared

/// The result of one line: one row of `batch_results`.
struct BatchResult: Sendable, Equatable {
    /// From 1, as in the input.
    var line: Int
    /// Its place among the batch's results: later ones have higher places.
    ///
    /// 0 until it is recorded.
    var seq = 0
    var isOK: Bool
    /// Asking again may help.
    var isRetryable = false
    var requestID: String?
    var model = ""
    var usage = TokenUsage()
    /// Of all attempts together.
    var cost = 0.0
    var currency = "USD"
    /// From submission to end.
    var milliseconds = 0
    var attempts = 0
    /// Time of all attempts together, without waiting.
    ///
    /// Not kept.
    var serviceTime = Duration.zero
    /// The line of the output or error file, JSON in OpenAI's shape, without a line feed.
    var body: String
}

/// The rows that a reader of results wants.
enum BatchResultKind: Sendable {
    case all, succeeded, failed
}
