import HTTPTypes
import NIOCore
import Shared
import Testing

@testable import Submitter

struct FailureTests {
    private static let table: [(JobFailure.Kind, Int, String, String)] = [
        (.invalidRequest, 400, "invalid_request_error", "invalid_value"),
        (.unsupportedParameter, 400, "invalid_request_error", "unsupported_parameter"),
        (.contentFiltered, 400, "invalid_request_error", "content_filter"),
        (.contextTooLong, 400, "invalid_request_error", "context_length_exceeded"),
        (.modelNotFound, 404, "invalid_request_error", "model_not_found"),
        (.budgetExhausted, 402, "billing_error", "budget_exhausted"),
        (.authentication, 502, "server_error", "upstream_credentials_exhausted"),
        (.quotaExhausted, 502, "server_error", "upstream_credentials_exhausted"),
        (.rateLimited, 429, "rate_limit_error", "rate_limit_exceeded"),
        (.overloaded, 503, "server_error", "overloaded"),
        (.serverError, 502, "server_error", "upstream_error"),
        (.network, 502, "server_error", "upstream_unreachable"),
        (.timeout, 504, "server_error", "upstream_timeout"),
        (.streamBroken, 502, "server_error", "upstream_stream_broken"),
        (.unreadableAnswer, 502, "server_error", "unreadable_answer"),
        (.noCapacity, 503, "server_error", "no_capacity"),
        (.workerLost, 500, "server_error", "worker_lost"),
        (.workerShutdown, 503, "server_error", "worker_shutdown"),
        (.deadlineExceeded, 504, "server_error", "deadline_exceeded"),
        (.cancelled, 499, "invalid_request_error", "cancelled"),
        (.poison, 500, "server_error", "poison_request"),
        (.undecodable, 500, "server_error", "undecodable_request"),
        (.internal, 500, "server_error", "internal_error"),
    ]

    @Test(arguments: table)
    func `every kind of failure has its status, type and code`(
        kind: JobFailure.Kind, status: Int, type: String, code: String
    ) {
        let error = APIError(JobFailure(kind, "why"))

        #expect(error.status.code == status)
        #expect(error.kind.rawValue == type)
        #expect(error.code == code)
    }

    @Test func `no kind is missing from the table`() {
        #expect(Set(Self.table.map(\.0)) == Set(JobFailure.Kind.allCases))
    }

    @Test(arguments: [JobFailure.Kind.authentication, .quotaExhausted])
    func `trouble with our accounts is not told in the platform's words`(kind: JobFailure.Kind) {
        let error = APIError(JobFailure(kind, "Incorrect API key provided: sk-secret"))

        #expect(!error.message.contains("sk-secret"))
    }

    @Test(arguments: [JobFailure.Kind.rateLimited, .overloaded, .noCapacity, .workerShutdown])
    func `what passes says when to come back`(kind: JobFailure.Kind) {
        #expect(APIError(JobFailure(kind, "why")).retryAfter != nil)
        #expect(APIError(JobFailure(kind, "why", retryAfter: .seconds(9))).retryAfter == .seconds(9))
    }

    @Test func `the platform's code and field of a bad request are passed on`() {
        let error = APIError(JobFailure(.invalidRequest, "why", param: "messages[0].content", code: "string_too_long"))

        #expect(error.code == "string_too_long")
        #expect(error.param == "messages[0].content")
    }

    @Test func `the body has OpenAI's shape`() {
        let error = APIError(.badRequest, .invalidRequest, code: nil, "why", param: "p")

        #expect(
            String(decoding: error.json(requestID: "r").encoded, as: UTF8.self)
                == #"{"error":{"message":"why","type":"invalid_request_error","code":null,"param":"p","request_id":"r"}}"#
        )
    }

    @Test func `no usable account is said with the reason of each`() {
        let refused = JobFailure(.authentication, "Incorrect API key provided: sk-secret")
        let meta = ByteBuffer(
            string:
                #"{"attempts":[{"account":"a1","error":"authentication"},{"account":"a2","error":"quota_exhausted"},"#
                + #"{"account":"a3","error":"anything else"}]}"#)
        #expect(
            APIError(refused, meta: meta).message
                == "The service has no usable account for this model at the moment: a1: authentication, a2: quota_exhausted."
        )
        #expect(!APIError(refused, meta: ByteBuffer()).message.contains("secret"))
        let routed = JobFailure(.quotaExhausted, "a1 is disabled", code: "no_usable_account")
        #expect(APIError(routed, meta: meta).message.hasSuffix("at the moment: a1 is disabled."))
    }
}
