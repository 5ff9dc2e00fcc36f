/// One accepted request as it travels through the queue: the fields of a queue entry (`docs/queue-protocol.md`).
package struct Job: Sendable, Equatable {
    /// The newest entry version this build reads.
    ///
    /// Newer entries are put back for newer workers.
    ///
    /// Version 2 has `op`. An entry is written with the lowest version that can say it, so that workers of two builds
    /// can share a queue.
    package static let version = 2
    /// Bodies above this many bytes travel beside the entry, under `QueueKeys.request`, so that claims stay small.
    package static let inlineBodyBytes = 16 * 1024

    /// Longest `cacheTTL`, in seconds: chosen, thirty days, as long as the answer of a job may be kept.
    package static let maxCacheTTL = 2_592_000

    /// The year 2100, in milliseconds since 1970, which no deadline passes.
    ///
    /// Chosen: far beyond any deadline, and a number that Lua, Redis and PostgreSQL all write alike.
    package static let latestMoment: Int64 = 4_102_444_800_000
    /// Attempts of one request: chosen, ten a second for a day.
    package static let mostAttempts = 1_000_000

    /// The operation that a model is asked for.
    package enum Operation: String, Sendable, CaseIterable {
        case chat, embeddings
    }

    /// The reaction to a worker's death after text was shown to the caller.
    package enum WorkerLossPolicy: String, Sendable, CaseIterable {
        /// Ends the stream with `worker_lost`. The text that was shown stays valid as a prefix.
        case fail
        /// Starts the answer again, announced to the reader by a new attempt.
        case restart
    }

    package enum Body: Sendable, Equatable {
        case inline([UInt8])
        /// Under `QueueKeys.request(id)`.
        case stored
    }

    /// An API in which a caller may ask and a platform may answer.
    package enum Dialect: String, Sendable, CaseIterable {
        /// `chat.completions` and `embeddings`. The neutral request is in this dialect.
        case openAIChat = "openai.chat"
        /// The older `completions`, text in and text out.
        case openAIText = "openai.completions"
    }

    /// The body as the caller sent it, where that is not the neutral request already.
    ///
    /// A worker may pass it through to a platform that speaks its dialect, and translates the neutral request for all
    /// others. No worker reads it yet (docs/decisions/011-a-job-carries-its-dialect.md).
    package struct Original: Sendable, Equatable {
        package let dialect: Dialect
        package let body: [UInt8]

        package init(_ dialect: Dialect, _ body: [UInt8]) {
            self.dialect = dialect
            self.body = body
        }
    }

    /// `<shard>-<unguessable>`, made by the submitter.
    package var id: String
    package var operation = Operation.chat
    package var tenant = "default"
    package var user: String?
    /// Milliseconds since 1970.
    ///
    /// A job is not started after it.
    package var deadline: Int64
    /// The `X-Request-Id` it came with, for logs.
    package var requestID: String?
    /// The span that it was put into the queue by, for the spans that follow.
    package var trace: TraceContext?
    /// The shim process that waits for the answer, or `nil` for readers of the log.
    package var shim: String?
    /// Attempts made before this entry (`n` of the entry).
    package var attemptsBefore = 0
    /// Workers that died over it before this entry.
    ///
    /// Those of the entry itself are in its delivery count.
    package var deathsBefore = 0
    /// The attempts before this entry, as `AnswerMeta.Attempt` encodes them.
    package var trail: [UInt8] = []
    package var provider: Provider?
    package var routingStrategy: String?
    package var onWorkerLoss = WorkerLossPolicy.fail
    package var lane = Lane.normal
    /// Its answer can be fetched later: the log is kept for `JOB_LOG_TTL`.
    package var isTracked = false
    /// Seconds for which the answer may be kept for equal requests, 0 for never, or `nil` to leave it to the model.
    package var cacheTTL: Int?
    /// The neutral request: OpenAI's `chat.completions` or `embeddings` JSON.
    package var body: Body
    /// The caller's own body, where a platform may speak its dialect.
    ///
    /// `nil` where `body` is that already, where no platform speaks the caller's dialect (as that of `/api/v1`), and
    /// where both bodies together are above `inlineBodyBytes`.
    package var original: Original?

    /// The dialect of `original`, or that of the neutral request.
    package var dialect: Dialect { original?.dialect ?? .openAIChat }

    package init(id: String, deadline: Int64, body: Body) {
        self.id = id
        self.deadline = deadline
        self.body = body
    }
}
