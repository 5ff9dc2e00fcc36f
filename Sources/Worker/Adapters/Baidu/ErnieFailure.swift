/// Maps the errors of Baidu's v1 to failures: by `error_code`, which comes with status 200.
///
/// Codes are those that Baidu documents, as of November 2026. A filtered answer is a failure, too: with
/// `need_clear_history` the platform refuses the conversation as a whole.
import Shared

enum ErnieFailure {
    private static let unsafe = ["unsafe", "sensitive", "safety", "敏感", "安全"]

    static let rules = FailureRules([
        .stale("110", "111", "100", "13"),
        .codes("6", "14", "15", "336004", kind: .authentication),
        .codes("17", "19", kind: .quotaExhausted),
        .codes("4", "18", "336501", "336502", "336503", "336504", "336505", kind: .rateLimited),
        .codes("336100", kind: .overloaded),
        .codes("1", "2", "336000", "336117", kind: .serverError),
        FailureRule(codes: ["336104", "336105"], words: unsafe, kind: .contentFiltered),
        .codes("336007", "336103", kind: .contextTooLong),
        .codes("3", "336001", "336002", "336003", "336005", "336006", kind: .invalidRequest),
        .codes("336101", "336104", "336105", kind: .invalidRequest),
    ])

    static func failure(_ response: UpstreamResponse) -> JobFailure {
        let body = ErrorBody.json(response.body)
        var error = read(body) ?? UpstreamError(openAI: body)
        error.note(response)
        return rules.failure(error)
    }

    /// `nil` where a body or an event with status 200 reports no error.
    static func inside(_ body: JSON?) -> JobFailure? {
        if let error = read(body) { return rules.failure(error) }
        if body?["need_clear_history"]?.boolValue == true {
            return JobFailure(
                .contentFiltered, "The platform's content filter refused the conversation: begin a new one.",
                code: "need_clear_history")
        }
        return body.flatMap(rules.failure(inside:))
    }

    private static func read(_ body: JSON?) -> UpstreamError? {
        var error = UpstreamError()
        error.code = UpstreamError.code(body?["error_code"])
        error.message = body?["error_msg"]?.stringValue ?? ""
        return ["", "0"].contains(error.code) ? nil : error
    }
}
