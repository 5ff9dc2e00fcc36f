/// An error as a platform reports it, whatever shape it came in.
///
/// Its texts are cut where they are set, so that nobody examines a message of megabytes.
import Shared

struct UpstreamError: Sendable {
    /// Chosen: far above the longest documented explanation, small enough to be searched for every word of every rule.
    static let maxBytes = 8192

    /// HTTP's; `nil` inside a 200.
    var status: Int?
    /// The status that the body names: gateways say what happened behind them so.
    var named: Int?
    var code = "" { didSet { code = Self.bounded(code) } }
    var type = "" { didSet { type = Self.bounded(type) } }
    var message = "" { didSet { message = Self.bounded(message) } }
    var param: String? { didSet { param = param.map(Self.bounded) } }
    var retryAfter: Duration?
    /// The platform says that a conflict or the like will pass.
    var isTemporary = false
    /// The platform says that asking again is useless: it is followed for this account, others may still serve.
    var isFinal = false

    init() {}

    /// The status that decides where no code does.
    ///
    /// 200, 400 and 5xx are what gateways put around anything, so the body's word counts before them; another 4xx says
    /// itself what is wrong.
    var decidingStatus: Int? {
        guard let named else { return status }
        guard let status, status != 400, (400...499).contains(status) else { return named }
        return status
    }

    /// Adds what HTTP says beside the body; headers count before the body's own words.
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

    /// In small letters and without quotations, which may be the caller's own words: nobody makes an account rest by them.
    var unquotedMessage: String { SafeText.withoutQuotes(message).lowercased() }

    /// At most `maxBytes` of a text, cut between two characters.
    static func bounded(_ text: String) -> String {
        guard text.utf8.count > maxBytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: maxBytes)
        while UTF8.isContinuation(text.utf8[end]) { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
