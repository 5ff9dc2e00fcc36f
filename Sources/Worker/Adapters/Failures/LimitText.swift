/// Describes a platform's rate limit in our own words: its subject, its numbers, and when to ask again.
///
/// In: an error. Out: one sentence. Platforms name organisations, projects and keys in theirs, so only the numbers
/// behind a few words are quoted.
import Shared

struct LimitText: Sendable {
    /// The first match decides, and short words match only on their own.
    private static let subjects: [(words: [String], name: String)] = [
        (
            ["tokens per min", "tokens_per_min", "token rate", "tpm", "allocationquota", "每分钟token"],
            "tokens per minute"
        ),
        (["tokens per day", "tokens_per_day", "tpd"], "tokens per day"),
        (["requests per min", "requests_per_min", "rpm"], "requests per minute"),
        (["requests per day", "requests_per_day", "rpd"], "requests per day"),
        (["requests per second", "rps", "qps"], "requests per second"),
        (["concurrency", "concurrent", "in flight", "并发"], "requests at once"),
    ]
    private static let counts = ["limit", "used", "requested"]

    private let subject: String?
    private let numbers: [(name: String, value: Int)]

    init(_ error: UpstreamError) {
        let text = [error.message, error.code, error.type].joined(separator: " ").lowercased()
        subject = LimitText.subjects.first { $0.words.contains { !LimitText.ends(of: $0, in: text).isEmpty } }?.name
        numbers = LimitText.counts.compactMap { name in LimitText.number(behind: name, text).map { (name, $0) } }
    }

    func sentence(coolDown: Duration?) -> String {
        let limit = subject.map { "limit of \($0)" } ?? "rate limit"
        let details = numbers.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        let when = coolDown.map { ": it may be asked again in \(LimitText.seconds($0)) s" } ?? ""
        return "The account's \(limit) at the platform is reached" + (details.isEmpty ? "" : " (\(details))") + when
            + "."
    }

    private static func seconds(_ coolDown: Duration) -> Int64 { max(1, (coolDown.milliseconds + 999) / 1000) }

    /// The ends of a word that stands alone.
    private static func ends(of word: String, in text: String) -> [String.Index] {
        var ends: [String.Index] = []
        var rest = text[...]
        while let found = rest.range(ofLiteral: word) {
            func goesOn(_ character: Character) -> Bool { character.isASCII && character.isLetter }
            let isBegun = found.lowerBound == text.startIndex || !goesOn(text[text.index(before: found.lowerBound)])
            let isEnded = word.count > 3 || found.upperBound == text.endIndex || !goesOn(text[found.upperBound])
            if isBegun, isEnded { ends.append(found.upperBound) }
            rest = rest[found.upperBound...]
        }
        return ends
    }

    /// The number in `Limit 30,000`, `limit: 30000` or `limit of 30,000`.
    private static func number(behind word: String, _ text: String) -> Int? {
        ends(of: word, in: text).lazy.compactMap { end in
            var rest = text[end...].drop { " :=".contains($0) }
            if rest.hasPrefix("of ") { rest = rest.dropFirst(3) }
            return Int(rest.prefix { $0.isASCII && ($0.isNumber || $0 == ",") }.filter(\.isNumber).prefix(15))
        }.first
    }
}
