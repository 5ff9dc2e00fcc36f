import HTTPTypes
import NIOCore
import Shared

/// Tells an HTTP caller of a failed job: one row per kind of failure.
///
/// Failures of our own accounts are told as ours (502), never as the caller's 401 or 429, because its key is fine.
extension APIError {
    init(_ failure: JobFailure) {
        let row = Self.row(failure.kind)
        self.init(
            row.status, row.kind, code: row.keepsCode ? failure.code ?? row.code : row.code, failure.message,
            param: failure.param, retryAfter: failure.retryAfter ?? row.retryAfter)
        if failure.kind == .authentication || failure.kind == .quotaExhausted {
            message =
                "The service has no usable account for this model at the moment"
                + (Self.isOurs(failure) ? ": \(failure.message)." : ".")
        }
    }

    /// Names the accounts that were tried, and their failures, where no account was usable.
    ///
    /// `meta` has the attempts.
    init(_ failure: JobFailure, meta: ByteBuffer) {
        self.init(failure)
        guard failure.kind == .authentication || failure.kind == .quotaExhausted, !Self.isOurs(failure) else { return }
        let attempts = (try? JSON(parsing: Array(meta.readableBytesView)))?["attempts"]?.arrayValue ?? []
        let tried = attempts.suffix(Self.mostNamed).compactMap { attempt -> String? in
            guard let account = attempt["account"]?.stringValue, !account.isEmpty,
                let kind = attempt["error"]?.stringValue.flatMap(JobFailure.Kind.init)
            else { return nil }
            return "\(account): \(kind.rawValue)"
        }
        if !tried.isEmpty { message = message.dropLast() + ": " + tried.joined(separator: ", ") + "." }
    }

    private static let mostNamed = 10

    /// The text is the router's own, not a platform's.
    private static func isOurs(_ failure: JobFailure) -> Bool {
        failure.code == "no_usable_account" || failure.code == "no_active_account"
    }

    private struct Row {
        var status: HTTPResponse.Status
        var kind: Kind
        var code: String
        /// The platform's own code says more than ours and is safe to pass on.
        var keepsCode = false
        var retryAfter: Duration?
    }

    private static func row(_ kind: JobFailure.Kind) -> Row {
        switch kind {
        case .invalidRequest: Row(status: .badRequest, kind: .invalidRequest, code: "invalid_value", keepsCode: true)
        case .unsupportedParameter: Row(status: .badRequest, kind: .invalidRequest, code: "unsupported_parameter")
        case .contentFiltered: Row(status: .badRequest, kind: .invalidRequest, code: "content_filter")
        case .contextTooLong: Row(status: .badRequest, kind: .invalidRequest, code: "context_length_exceeded")
        case .modelNotFound: Row(status: .notFound, kind: .invalidRequest, code: "model_not_found")
        case .budgetExhausted: Row(status: .paymentRequired, kind: .billing, code: "budget_exhausted")
        case .authentication, .quotaExhausted:
            Row(status: .badGateway, kind: .server, code: "upstream_credentials_exhausted")
        case .rateLimited:
            Row(
                status: .tooManyRequests, kind: .rateLimit, code: "rate_limit_exceeded", retryAfter: .seconds(5))
        case .overloaded: Row(status: .serviceUnavailable, kind: .server, code: "overloaded", retryAfter: .seconds(5))
        case .noCapacity: Row(status: .serviceUnavailable, kind: .server, code: "no_capacity", retryAfter: .seconds(5))
        case .serverError: Row(status: .badGateway, kind: .server, code: "upstream_error")
        case .network: Row(status: .badGateway, kind: .server, code: "upstream_unreachable")
        case .streamBroken: Row(status: .badGateway, kind: .server, code: "upstream_stream_broken")
        case .unreadableAnswer: Row(status: .badGateway, kind: .server, code: "unreadable_answer")
        case .timeout: Row(status: .gatewayTimeout, kind: .server, code: "upstream_timeout")
        case .deadlineExceeded: Row(status: .gatewayTimeout, kind: .server, code: "deadline_exceeded")
        case .workerLost: Row(status: .internalServerError, kind: .server, code: "worker_lost")
        case .workerShutdown:
            Row(status: .serviceUnavailable, kind: .server, code: "worker_shutdown", retryAfter: .seconds(1))
        case .poison: Row(status: .internalServerError, kind: .server, code: "poison_request")
        case .undecodable: Row(status: .internalServerError, kind: .server, code: "undecodable_request")
        case .internal: Row(status: .internalServerError, kind: .server, code: "internal_error")
        case .cancelled: Row(status: .clientClosedRequest, kind: .invalidRequest, code: "cancelled")
        }
    }
}

extension HTTPResponse.Status {
    /// 499, as nginx names it: the caller ended the request.
    static let clientClosedRequest = HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
    static let paymentRequired = HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
}
