import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// An error for a caller, in OpenAI's terms, with a status and headers that say what to do.
struct APIError: Error, Equatable {
    enum Kind: String, CaseIterable {
        case invalidRequest = "invalid_request_error"
        case rateLimit = "rate_limit_error"
        case server = "server_error"
        case notFound = "not_found_error"
        /// Programs that know it do not ask again.
        case billing = "billing_error"
    }

    var status: HTTPResponse.Status
    var kind: Kind
    var code: String?
    var message: String
    var param: String?
    var retryAfter: Duration?
    /// Further headers of the answer, such as the methods that a path has.
    var fields: HTTPFields = [:]
    /// The job that the error is about.
    var jobID: String?

    init(
        _ status: HTTPResponse.Status, _ kind: Kind, code: String?, _ message: String, param: String? = nil,
        retryAfter: Duration? = nil, fields: HTTPFields = [:]
    ) {
        self.status = status
        self.kind = kind
        self.code = code
        self.message = message
        self.param = param
        self.retryAfter = retryAfter
        self.fields = fields
    }

    /// OpenAI's shape, `{"error":{"message","type","code","param","request_id"}}`, with `job_id` where there is one.
    func json(requestID: String) -> JSON {
        var error: JSONObject = [
            "message": .string(message), "type": .string(kind.rawValue), "code": code.map { .string($0) } ?? .null,
            "param": param.map { .string($0) } ?? .null, "request_id": .string(requestID),
        ]
        if let jobID { error.set("job_id", .string(jobID)) }
        return ["error": .object(error)]
    }

    /// The answer in OpenAI's shape.
    func response(requestID: String) -> Response {
        var response = Response.json(json(requestID: requestID), status: status)
        if let retryAfter { response.headers[.retryAfter] = "\(Self.wholeSeconds(retryAfter))" }
        for field in fields { response.headers[field.name] = field.value }
        if let jobID { response.headers[.xJobID] = jobID }
        return response
    }

    /// Rounded up, because half a second early would be refused again.
    private static func wholeSeconds(_ duration: Duration) -> Int64 { max(1, (duration.milliseconds + 999) / 1000) }
}

extension APIError {
    /// The same error, about this job.
    func about(job id: String) -> APIError {
        var error = self
        error.jobID = id
        return error
    }

    static func notFound(_ what: String) -> APIError {
        APIError(.notFound, .notFound, code: "not_found", "There is no \(what).")
    }

    static func invalid(_ param: String?, _ message: String, code: String = "invalid_value") -> APIError {
        APIError(.badRequest, .invalidRequest, code: code, message, param: param)
    }

    static let invalidHTTP = APIError(
        .badRequest, .invalidRequest, code: "invalid_http", "The request is not valid HTTP.")
    static let slowBody = APIError(
        .requestTimeout, .invalidRequest, code: "request_timeout", "The request body did not arrive in time.")
    static let queueUnavailable = APIError(
        .serviceUnavailable, .server, code: "queue_unavailable", "The queue cannot be reached at the moment.",
        retryAfter: .seconds(2))

    init(_ error: RequestError) {
        self.init(.badRequest, .invalidRequest, code: error.code.rawValue, error.message, param: error.param)
    }
}
