import HTTPTypes
import Shared

/// The errors of routes, made by the code that answers with them where it has them ready.
extension APIRefusal {
    init(_ error: APIError) {
        self.init(
            status: error.status.code, code: error.code ?? "error", example: error.json(requestID: "req_2n9c4ttw0v8f"),
            hasRetryAfter: error.retryAfter != nil)
    }

    init(
        _ status: HTTPResponse.Status, _ kind: APIError.Kind, _ code: String, _ message: String, param: String? = nil
    ) {
        self.init(APIError(status, kind, code: code, message, param: param))
    }
}

extension JSONSchema {
    /// The one shape that all doors have for errors.
    static var error: JSONSchema {
        .named("Error") {
            .object([
                .must(
                    "error",
                    .object([
                        .must("message", .string, "A sentence for people. Never holds a prompt, an answer or a key."),
                        .must("type", .words(APIError.Kind.self), "The class of the error, as OpenAI has it."),
                        .must("code", .string.orNull, "The error in one word, for programs."),
                        .must("param", .string.orNull, "The field or header at fault, as in `messages[2].role`."),
                        .must("request_id", .string, "The `X-Request-Id` of this answer."),
                        .may("job_id", .string, "The request in the queue that the error is about."),
                    ]))
            ])
        }
    }
}

extension [APIRefusal] {
    /// Of every route.
    static var everywhere: Self {
        [
            APIRefusal(.invalidHTTP),
            APIRefusal(APIError(JobFailure(.internal, "The service made a mistake."))),
        ]
    }

    /// A value of the query, of a header or of the path is wrong.
    static var values: Self { [APIRefusal(.invalid("limit", "limit: expected a whole number from 1 to 1000."))] }

    static func notFound(_ what: String) -> Self { [APIRefusal(.notFound(what))] }

    static var redisAway: Self { [APIRefusal(.queueUnavailable)] }
    static var databaseAway: Self { [APIRefusal(.storageUnavailable)] }
    static var catalogAway: Self { [APIRefusal(ModelCheck.unavailable)] }

    /// Bodies that are refused before anybody looks at what they say.
    static var body: Self {
        [
            APIRefusal(.slowBody), APIRefusal(.cancelled),
            APIRefusal(
                .contentTooLarge, .invalidRequest, "request_too_large",
                "The request body is larger than 16777216 bytes."),
            APIRefusal(
                .unsupportedMediaType, .invalidRequest, "unsupported_media_type", "Send application/json."),
            APIRefusal(
                .unsupportedMediaType, .invalidRequest, "unsupported_content_encoding",
                "Send the body as it is, or packed by gzip or deflate.", param: "Content-Encoding"),
            APIRefusal(BodyBudget(limit: RequestLimits().maxOpenBytes).refusal),
        ]
    }

    static var jsonBody: Self {
        [
            APIRefusal(
                .invalid(nil, "The request body is not valid: expected a value at byte 0.", code: "invalid_json")),
            APIRefusal(.invalid(nil, "The request body must be a JSON object.", code: "invalid_type")),
            APIRefusal(
                .invalid("model", "Missing required parameter: 'model'.", code: "missing_required_parameter")),
            APIRefusal(
                .invalid(
                    "Content-Encoding", "The request body is not packed as its Content-Encoding says.",
                    code: "invalid_content_encoding")),
        ] + .values + .body
    }

    // MARK: - Requests to models

    /// A request that does not get into the queue.
    static var submission: Self {
        [
            APIRefusal(APIError(RequestError(.unsupportedParameter, "stream", "The model cannot stream."))),
            APIRefusal(.invalid("x", "Unknown field 'x'.", code: "unknown_parameter")),
            APIRefusal(
                .notFound, .invalidRequest, "model_not_found", CatalogSnapshot.unknown("nobody"), param: "model"),
            APIRefusal(.idempotencyConflict), APIRefusal(.cancelled), APIRefusal(.tooManyOpen(RequestLimits().maxOpen)),
            APIRefusal(.notSubmitted(RedisError(reply: "OOM"), nil, isKeyed: false)),
            APIRefusal(.notReplicated(Samples.job, 1)), APIRefusal(.stopping),
            APIRefusal(APIError(JobFailure.Kind.budgetExhausted.sample)),
        ] + .redisAway + .catalogAway
    }

    /// A request that was taken, and whose caller waits for its answer.
    static var answer: Self {
        [APIRefusal(.notFound("such job")), APIRefusal(.expired), APIRefusal(.stopping)]
            + JobFailure.Kind.allCases.map { APIRefusal(APIError($0.sample)) }
    }
}

extension JobFailure.Kind {
    /// A failure as a caller may be told it.
    fileprivate var sample: JobFailure {
        switch self {
        case .invalidRequest: JobFailure(self, "The platform refused the request: top_p is out of range.")
        case .unsupportedParameter: JobFailure(self, "The platform zhipu cannot serve 'n'.", param: "n")
        case .contentFiltered: JobFailure(self, "The platform's content filter refused the request.")
        case .contextTooLong: JobFailure(self, "The prompt is longer than the model's context.", param: "messages")
        case .modelNotFound: JobFailure(self, "The platform does not know the model.", param: "model")
        case .budgetExhausted: SpentBudgets.Refusal(budget: "team-a-month", until: 1_796_083_200_000).failure
        case .authentication, .quotaExhausted: JobFailure(self, "The platform refused the account.")
        case .rateLimited: JobFailure(self, "The platform's rate limit was met, and no time is left to wait.")
        case .overloaded: JobFailure(self, "The platform is overloaded.")
        case .serverError: JobFailure(self, "The platform failed.")
        case .network: JobFailure(self, "The platform could not be reached.")
        case .timeout: JobFailure(self, "The platform did not answer in time.")
        case .streamBroken: JobFailure(self, "The platform's stream broke off.")
        case .unreadableAnswer: JobFailure(self, "The platform's answer cannot be read.")
        case .noCapacity: JobFailure(self, "No account had capacity before the deadline.")
        case .workerLost: JobFailure(self, "The worker died in the middle of the answer.")
        case .workerShutdown: JobFailure(self, "The worker was stopped in the middle of the answer.")
        case .deadlineExceeded: JobFailure(self, "The request was not answered before its deadline.")
        case .cancelled: JobFailure(self, "The request was cancelled.")
        case .poison: JobFailure(self, "The request ended several workers and is not tried again.")
        case .undecodable: JobFailure(self, "The request in the queue cannot be read.")
        case .internal: JobFailure(self, "The service made a mistake.")
        }
    }
}
