/// The part of a dialect that is about answers.
///
/// Every reader of an answer holds it, and copies of it are cheap, which those of a whole dialect are not.
import Shared

struct OpenAIAnswerWords: Sendable {
    let failures: FailureRules
    private let finishReasons: [String: OpenAIDialect.FinishMeaning]
    let filterFlag: String?

    init(_ dialect: OpenAIDialect) {
        failures = dialect.failures
        finishReasons = dialect.finishReasons
        filterFlag = dialect.filterFlag
    }

    /// The platform's word for the end of a choice, `nil` while it goes on.
    ///
    /// Fails where that word is a failure.
    func finishWord(of choice: JSONObject) throws(JobFailure) -> String? {
        if let filterFlag, let value = choice[filterFlag]?.intValue, value != 0 { return "content_filter" }
        guard let word = choice["finish_reason"]?.stringValue, !word.isEmpty else { return nil }
        switch finishReasons[word] {
        case nil: return word
        case .reason(let name): return name
        case .failure(let kind): throw JobFailure(kind, kind.text(UpstreamError()), code: SafeText.code(word))
        }
    }
}
