/// The failures of a successful response that is no answer.
import Shared

extension JobFailure {
    /// A response that cannot be read.
    ///
    /// `what` follows "The platform's answer" and quotes nothing of its content.
    static func unreadable(_ what: String, code: String? = nil) -> JobFailure {
        JobFailure(.unreadableAnswer, "The platform's answer \(what).", code: code)
    }

    /// The body ended before the answer did.
    ///
    /// The fault is the platform's or the network's, not the answer's.
    static let endedEarly = JobFailure(.streamBroken, "The platform's stream ended before the answer did.")

    /// A web page in place of an answer.
    ///
    /// The account is of no use until somebody corrects its setup.
    ///
    /// A gateway may show a page for an answer that was paid for, so the call is not repeated more often than for other
    /// unreadable answers.
    static let webPage = JobFailure(
        .unreadableAnswer, "The platform answered with a web page: is the account's base URL right?",
        code: JobFailure.webPageCode)

    /// An event that reports an error and nothing more.
    ///
    /// It was no answer and was not paid for.
    static let unreadableError = JobFailure(.serverError, "The platform reported an error in words nobody can read.")

    /// The same failure with the platform's name, for readers who do not know which one was asked.
    func named(_ platform: Provider) -> JobFailure {
        guard kind == .unreadableAnswer else { return self }
        var failure = self
        failure.message = "\(platform.rawValue): \(message)"
        return failure
    }
}
