import Shared

/// A file of requests on its way through the queue: one row of `batches`.
struct Batch: Sendable, Equatable {
    /// OpenAI's words (developers.openai.com/api/reference, "Batch object", 2026-11).
    enum Status: String, Sendable, CaseIterable {
        case validating, failed, inProgress = "in_progress", finalizing, completed, expired, cancelling, cancelled

        /// Nothing changes any more, unless lines are asked for again.
        var isEnded: Bool { [.failed, .completed, .expired, .cancelled].contains(self) }
    }

    /// The reason why the rest of a batch is not sent to any platform.
    enum Halt: String, Sendable, CaseIterable {
        case cancelled = "batch_cancelled"
        case expired = "batch_expired"
        case budget = "budget_exceeded"
    }

    var id: String
    var tenant: String
    var inputFile: String
    var operation: Job.Operation
    var status: Status
    var halt: Halt?
    /// No further line is sent, but those on their way end.
    var isPaused = false
    var options = BatchOptions()
    /// Up to 16 pairs of the caller's own.
    var metadata: JSON = .null
    /// Mistakes found while validating: OpenAI's list of `code`, `line`, `message`, `param`.
    var errors: JSON = .null
    var counts = BatchCounts()
    /// Counts the times that failed lines were asked for again.
    ///
    /// It is part of the request ids.
    var round = 0
    /// The process that expands it at the moment.
    var runner: String?
    var times = BatchTimes()

    /// The status when every line has its result.
    var lastStatus: Status {
        switch halt {
        case .cancelled: .cancelled
        case .expired: .expired
        case .budget, nil: .completed
        }
    }
}

/// Milliseconds since 1970.
struct BatchTimes: Sendable, Equatable {
    var created: Int64 = 0
    var deadline: Int64 = 0
    var resultsExpire: Int64 = 0
    var inProgress: Int64?
    var finalizing: Int64?
    var completed: Int64?
    var failed: Int64?
    var expired: Int64?
    var cancelling: Int64?
    var cancelled: Int64?
}

struct BatchCounts: Sendable, Equatable {
    /// Lines of the input, known once it is validated.
    var total = 0
    /// The highest `seq` of a result so far.
    ///
    /// Some places are empty: lines that were booked twice, or were asked for again.
    var recorded = 0
    var succeeded = 0
    var failed = 0
    /// Attempts beyond the first of each line.
    var retried = 0
    /// Lines in the queue at the moment.
    var running = 0
    var tokens = BatchTokens()
    /// By currency.
    var cost: [String: Double] = [:]
    /// Sizes of the two result files.
    var outputBytes = 0
    var errorBytes = 0

    /// Lines that have their result.
    var done: Int { succeeded + failed }
}

/// Sums over the lines of a batch, which are beyond what one request's counts hold.
struct BatchTokens: Sendable, Equatable {
    var input = 0
    var output = 0
    var cached = 0
    var reasoning = 0

    mutating func add(_ usage: TokenUsage) {
        input = input.addingClamped(usage.input)
        output = output.addingClamped(usage.output)
        cached = cached.addingClamped(usage.cached)
        reasoning = reasoning.addingClamped(usage.reasoning)
    }
}

extension Job.Operation {
    /// The endpoint as batches and their lines name it.
    var endpoint: String {
        switch self {
        case .chat: "/v1/chat/completions"
        case .embeddings: "/v1/embeddings"
        }
    }

    init?(endpoint: String) {
        guard let operation = Self.allCases.first(where: { $0.endpoint == endpoint }) else { return nil }
        self = operation
    }
}
