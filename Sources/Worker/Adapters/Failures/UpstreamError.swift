/// An error as a platform reports it, in whichever shape it came.
///
/// Its texts are cut where they are set, so that rules never search a message of megabytes.
import Shared

struct UpstreamError: Sendable {
    /// Chosen: far above the longest documented explanation, small enough to be searched for every word of every rule.
    static let maxBytes = 8192

    /// The HTTP status, `nil` inside a 200.
    var status: Int?
    /// The status in the body, with which gateways report the error behind them.
    var named: Int?
    var code = "" { didSet { code = Self.bounded(code) } }
    var type = "" { didSet { type = Self.bounded(type) } }
    var message = "" { didSet { message = Self.bounded(message) } }
    var param: String? { didSet { param = param.map(Self.bounded) } }
    var retryAfter: Duration?
    /// The platform says that the error will pass, such as a conflict.
    var isTemporary = false
    /// The platform says that a retry is useless.
    ///
    /// This account is not asked again, but others may be.
    var isFinal = false

    init() {}

    /// The status that decides where no code does.
    ///
    /// Gateways put 200, 400 and 5xx around any error, so the body's status counts before those. Any other 4xx counts
    /// itself.
    var decidingStatus: Int? {
        guard let named else { return status }
        guard let status, status != 400, (400...499).contains(status) else { return named }
        return status
    }

    /// Adds the status, and the headers, which count before the body's own words.
    mutating func note(_ response: UpstreamResponse) {
        status = response.status
        let isLimit = decidingStatus == 429
        retryAfter =
            RetryAfter.parse(response.headers, now: response.now) ?? retryAfter
            ?? (isLimit ? RetryAfter.resets(response.headers, now: response.now) : nil)
        switch response.headers("x-should-retry")?.lowercased() {
        case "true": isTemporary = true
        case "false": isFinal = true
        default: break
        }
    }

    /// Lower case and without quotations.
    ///
    /// Those may be the caller's own words, which must not cool an account down.
    var unquotedMessage: String { SafeText.withoutQuotes(message).lowercased() }

    /// At most `maxBytes` of a text, cut between two characters.
    static func bounded(_ text: String) -> String {
        guard text.utf8.count > maxBytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: maxBytes)
        while UTF8.isContinuation(text.utf8[end]) { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
