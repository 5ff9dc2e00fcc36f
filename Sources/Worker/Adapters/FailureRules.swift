/// What a platform's errors mean, as a table: the first rule that matches decides.
///
/// In: what an error says of itself (`UpstreamError`). Out: a `JobFailure` with a safe message. Rules quote the platform's
/// own documentation (providers/*.md); statuses decide only where no code does.
import Shared

/// An error as a platform reports it, whatever shape it came in.
struct UpstreamError: Sendable {
    /// `nil` inside a 200.
    var status: Int?
    var code = ""
    var type = ""
    var message = ""
    var param: String?
    var retryAfter: Duration?
    /// The platform says that a conflict or the like will pass.
    ///
    /// A "no" is not followed: it is advice for this key, and other accounts may still serve the request.
    var isTemporary = false
}

struct FailureRule: Sendable {
    /// Exact codes, or prefixes that end in "*"; empty matches any.
    var codes: [String] = []
    var types: [String] = []
    var statuses: ClosedRange<Int>?
    /// Any of these, in any case, somewhere in the message; empty matches any.
    var words: [String] = []
    var kind: JobFailure.Kind
    /// How long to stay away where the platform does not say.
    var rest: Duration?
    /// See `JobFailure.staleCredential`.
    var isStaleCredential = false

    static func codes(_ codes: String..., kind: JobFailure.Kind, rest: Duration? = nil) -> FailureRule {
        FailureRule(codes: codes, kind: kind, rest: rest)
    }

    static func types(_ types: String..., kind: JobFailure.Kind) -> FailureRule {
        FailureRule(types: types, kind: kind)
    }

    static func words(
        _ words: String..., in statuses: ClosedRange<Int>? = nil, kind: JobFailure.Kind
    ) -> FailureRule {
        FailureRule(statuses: statuses, words: words, kind: kind)
    }

    static func status(_ status: Int, kind: JobFailure.Kind) -> FailureRule {
        FailureRule(statuses: status...status, kind: kind)
    }

    /// A credential that is out of date rather than wrong.
    static func stale(_ codes: String...) -> FailureRule {
        FailureRule(codes: codes, kind: .authentication, isStaleCredential: true)
    }

    func matches(_ error: UpstreamError) -> Bool {
        if let statuses {
            guard let status = error.status, statuses.contains(status) else { return false }
        }
        return (codes.isEmpty || codes.contains { FailureRule.matches($0, error.code) })
            && (types.isEmpty || types.contains { FailureRule.matches($0, error.type) })
            && (words.isEmpty || words.contains { error.message.lowercased().range(ofLiteral: $0.lowercased()) != nil })
    }

    private static func matches(_ pattern: String, _ text: String) -> Bool {
        pattern.last == "*" ? text.hasPrefix(pattern.dropLast()) : text == pattern
    }
}

struct FailureRules: Sendable {
    private let rules: [FailureRule]

    /// What HTTP itself says, where the platform's own words say nothing.
    private static let byStatus: [FailureRule] = [
        .status(401, kind: .authentication), .status(402, kind: .quotaExhausted), .status(404, kind: .modelNotFound),
        .status(408, kind: .timeout), .status(429, kind: .rateLimited),
        .status(503, kind: .overloaded), .status(529, kind: .overloaded),
    ]

    init(_ rules: [FailureRule]) { self.rules = rules + FailureRules.byStatus }

    func failure(_ error: UpstreamError) -> JobFailure {
        let rule = rules.first { $0.matches(error) }
        let kind = rule?.kind ?? fallback(error)
        let code = rule?.isStaleCredential == true ? JobFailure.staleCredential : SafeText.code(error.code, error.type)
        return JobFailure(
            kind, kind.text(quoting: error.message), param: error.param.map(SafeText.message), code: code,
            upstreamStatus: error.status, retryAfter: error.retryAfter ?? rule?.rest)
    }

    private func fallback(_ error: UpstreamError) -> JobFailure.Kind {
        guard let status = error.status else {
            return error.type.hasPrefix("invalid_request") ? .invalidRequest : .serverError
        }
        guard (400...499).contains(status) else { return .serverError }
        // A bare 403 is some firewall's, and says nothing about the key.
        if status == 403 {
            let isBare = error.code.isEmpty && error.type.isEmpty && error.message.isEmpty
            return isBare ? .serverError : .authentication
        }
        return error.isTemporary ? .serverError : .invalidRequest
    }
}

extension JobFailure.Kind {
    /// What the caller reads: the platform's words where they explain the request's own fault, ours for everything else.
    func text(quoting message: String) -> String {
        switch self {
        case .invalidRequest, .unsupportedParameter, .contextTooLong, .contentFiltered, .modelNotFound:
            message.isEmpty ? ownText : SafeText.message(message)
        default: ownText
        }
    }

    private var ownText: String {
        switch self {
        case .invalidRequest: "The platform refused the request."
        case .unsupportedParameter: "The platform does not support a parameter of the request."
        case .contextTooLong: "The request is longer than the model or the account allows."
        case .contentFiltered: "The platform's content filter refused the request."
        case .modelNotFound: "The platform does not know the model."
        case .authentication: "The platform refused the account's credentials."
        case .quotaExhausted: "The account's balance or spending limit at the platform is used up."
        case .rateLimited: "The account's rate limit at the platform is reached."
        case .overloaded: "The platform is overloaded."
        case .timeout: "The platform gave up waiting."
        default: "The platform failed."
        }
    }
}
