/// What is wrong with a success that is no answer.
import Shared

extension JobFailure {
    /// A success that nobody can read; `what` follows "The platform's answer" and holds nothing of its content.
    static func unreadable(_ what: String, code: String? = nil) -> JobFailure {
        JobFailure(.unreadableAnswer, "The platform's answer \(what).", code: code)
    }

    /// The body ended before the answer did: the platform or the way to it, not the answer, is at fault.
    static let endedEarly = JobFailure(.streamBroken, "The platform's stream ended before the answer did.")

    /// No platform answers so: the account is no use until somebody mends it.
    ///
    /// A gateway on the way may show a page for an answer that was paid for, so it is not asked for more often than others
    /// that nobody can read.
    static let webPage = JobFailure(
        .unreadableAnswer, "The platform answered with a web page: is the account's base URL right?",
        code: JobFailure.webPageCode)

    /// An event that calls itself an error and says no more: no answer, and none that was paid for.
    static let unreadableError = JobFailure(.serverError, "The platform reported an error in words nobody can read.")

    /// The same, told to those who do not know which platform was asked.
    func named(_ platform: Provider) -> JobFailure {
        guard kind == .unreadableAnswer else { return self }
        var failure = self
        failure.message = "\(platform.rawValue): \(message)"
        return failure
    }
}
