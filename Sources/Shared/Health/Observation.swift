/// The evidence of one call about the route it took.
package struct Observation: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// Seconds to the first token, or to the whole answer where it was not streamed.
        case answered(seconds: Double)
        /// The platform or the network failed.
        case failed(JobFailure.Kind)
        /// A limit: leave the route alone for so long (`nil`: as long as the rules say).
        case limited(JobFailure.Kind, retryAfter: Duration?)
        /// The key was refused.
        case refused
        /// The account has no money.
        case exhausted(retryAfter: Duration?)
        /// Nothing about the route: the request's own making.
        case nothing
    }

    package var outcome: Outcome
    /// Milliseconds since 1970: when the call began, and when it ended.
    package var began: Int64
    package var ended: Int64

    package init(_ outcome: Outcome, began: Int64, ended: Int64) {
        self.outcome = outcome
        self.began = began
        self.ended = ended
    }

    /// The evidence of a failure about its route.
    ///
    /// The list of kinds is the one `FailurePolicy` decides by.
    package static func outcome(of failure: JobFailure) -> Outcome {
        switch failure.kind {
        case .authentication: .refused
        case .quotaExhausted: .exhausted(retryAfter: failure.retryAfter)
        case .rateLimited: .limited(failure.kind, retryAfter: failure.retryAfter)
        case .overloaded where failure.retryAfter != nil: .limited(failure.kind, retryAfter: failure.retryAfter)
        case .overloaded, .serverError, .network, .timeout, .streamBroken: .failed(failure.kind)
        case .unreadableAnswer where failure.code == JobFailure.webPageCode: .failed(failure.kind)
        // Unreadable: the account works, and may answer the next request well.
        case .invalidRequest, .unsupportedParameter, .contentFiltered, .contextTooLong, .modelNotFound,
            .budgetExhausted, .noCapacity, .unreadableAnswer, .workerLost, .workerShutdown, .deadlineExceeded,
            .cancelled, .poison, .undecodable, .internal:
            .nothing
        }
    }
}
