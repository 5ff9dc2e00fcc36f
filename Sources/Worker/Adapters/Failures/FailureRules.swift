/// A table of platforms' errors and their meaning, in which the first rule that matches decides.
///
/// In: an error as the platform reports it (`UpstreamError`). Out: a `JobFailure` with a safe message. Rules quote the
/// platform's own documentation. Statuses decide only where no code does, and common words only where no status does.
import Shared

struct FailureRule: Sendable {
    /// Exact codes, or prefixes that end in "*".
    ///
    /// Empty matches any.
    var codes: [String] = []
    var types: [String] = []
    var statuses: ClosedRange<Int>?
    /// Any of these, in any case, anywhere in the message.
    ///
    /// Empty matches any.
    var words: [String] = []
    var kind: JobFailure.Kind
    /// The cool-down where the platform gives none.
    var coolDown: Duration?
    /// See `JobFailure.staleCredential`.
    var isStaleCredential = false

    static func codes(_ codes: String..., kind: JobFailure.Kind, coolDown: Duration? = nil) -> FailureRule {
        FailureRule(codes: codes, kind: kind, coolDown: coolDown)
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

    /// `message` is the error's `unquotedMessage`, passed in so that it is computed once.
    func matches(_ error: UpstreamError, _ message: String) -> Bool {
        if let statuses {
            guard let status = error.status, statuses.contains(status) else { return false }
        }
        return (codes.isEmpty || codes.contains { FailureRule.matches($0, error.code) })
            && (types.isEmpty || types.contains { FailureRule.matches($0, error.type) })
            && (words.isEmpty || words.contains { message.range(ofLiteral: $0.lowercased()) != nil })
    }

    private static func matches(_ pattern: String, _ text: String) -> Bool {
        pattern.last == "*" ? text.hasPrefix(pattern.dropLast()) : text == pattern
    }
}

struct FailureRules: Sendable {
    private let rules: [FailureRule]

    /// Words for billing failures at all platforms, since gateways send them with any status.
    private static let money: [FailureRule] = [
        .codes(
            "insufficient_user_quota", "insufficient_balance", "exceeded_current_quota_error", kind: .quotaExhausted),
        .types(
            "exceeded_current_quota_error", "insufficient_user_quota", "insufficient_balance", kind: .quotaExhausted),
        .words(
            "insufficient balance", "insufficient credit", "insufficient funds", "insufficient user quota",
            "out of credits", "payment required", "余额不足", "欠费", "额度不足", "额度已用尽", kind: .quotaExhausted),
    ]

    /// HTTP's own meaning, where the platform's words have none.
    private static let byStatus: [FailureRule] = [
        .status(401, kind: .authentication), .status(402, kind: .quotaExhausted), .status(404, kind: .modelNotFound),
        .status(408, kind: .timeout), .status(429, kind: .rateLimited), .status(499, kind: .timeout),
        .status(503, kind: .overloaded), .status(529, kind: .overloaded),
    ]

    /// Words that come with a status that decides nothing (200, 400, 403, 500, …).
    private static let byWords: [FailureRule] = [
        .words(
            "maximum context length", "context length", "context window", "prompt is too long", "too many tokens",
            "上下文长度", kind: .contextTooLong),
        .words(
            "content filter", "content policy", "content management policy", "content_filter", "敏感", "违规",
            kind: .contentFiltered),
        .words(
            "incorrect api key", "invalid api key", "api key not valid", "invalid_api_key", "unauthorized",
            "无效的令牌", kind: .authentication),
        .words(
            "model not found", "model does not exist", "no such model", "unknown model", "模型不存在",
            kind: .modelNotFound),
        .words(
            "rate limit", "rate_limit", "too many requests", "requests per minute", "tokens per minute", "请求过于频繁",
            "限流", kind: .rateLimited),
        .words(
            "overloaded", "server is busy", "temporarily unavailable", "no available channel", "服务繁忙", "系统繁忙",
            kind: .overloaded),
    ]

    /// Words for the request's own faults, where there is no status at all.
    private static let faults = FailureRule.words(
        "not supported", "unsupported", "not support", "invalid", "is required", "must be", "out of range",
        "参数错误", kind: .invalidRequest)

    init(_ rules: [FailureRule]) {
        self.rules = rules + FailureRules.money + FailureRules.byStatus + FailureRules.byWords
    }

    /// The failure that a body or an event with status 200 reports, `nil` where it reports none.
    func failure(inside body: JSON) -> JobFailure? { UpstreamError(inside: body).map(failure) }

    func failure(_ error: UpstreamError) -> JobFailure {
        var error = error
        error.status = error.decidingStatus
        let message = error.unquotedMessage
        let rule = rules.first { $0.matches(error, message) }
        let kind = rule?.kind ?? fallback(error, message)
        let code = rule?.isStaleCredential == true ? JobFailure.staleCredential : SafeText.code(error.code, error.type)
        let coolDown = error.retryAfter ?? rule?.coolDown
        var failure = JobFailure(
            kind, kind.text(error, coolDown: coolDown), param: error.param.map(SafeText.message), code: code,
            upstreamStatus: error.status, retryAfter: coolDown)
        // A server that refuses with 200 and without a reason would do the same again.
        failure.isFinal = error.isFinal || (rule == nil && kind == .serverError && error.status == nil)
        return failure
    }

    private func fallback(_ error: UpstreamError, _ message: String) -> JobFailure.Kind {
        guard let status = error.status else {
            let isFault = error.type.hasPrefix("invalid_request") || FailureRules.faults.matches(error, message)
            return isFault ? .invalidRequest : .serverError
        }
        guard (400...499).contains(status) else { return .serverError }
        // A bare 403 comes from a firewall and says nothing about the key.
        if status == 403 {
            let isBare = error.code.isEmpty && error.type.isEmpty && error.message.isEmpty
            return isBare ? .serverError : .authentication
        }
        return error.isTemporary ? .serverError : .invalidRequest
    }
}

extension JobFailure.Kind {
    /// The text for the caller.
    ///
    /// The platform's words where they explain the request's own fault, ours for everything else.
    func text(_ error: UpstreamError, coolDown: Duration? = nil) -> String {
        switch self {
        case .invalidRequest, .unsupportedParameter, .contextTooLong, .contentFiltered, .modelNotFound:
            error.message.isEmpty ? ownText : SafeText.message(error.message)
        case .rateLimited: LimitText(error).sentence(coolDown: coolDown)
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
        case .rateLimited: LimitText(UpstreamError()).sentence(coolDown: nil)
        case .overloaded: "The platform is overloaded."
        case .timeout: "The platform gave up waiting."
        default: "The platform failed."
        }
    }
}
