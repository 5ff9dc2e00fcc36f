/// The cool-down that a platform asks for, in its response headers or in the error itself.
import Shared

enum RetryAfter {
    /// `retry-after-ms`, else `retry-after` as seconds or as an HTTP date (RFC 9110, IMF-fixdate).
    ///
    /// A date is measured from the response's own `Date`, so that our clocks need not agree, else from `now`
    /// (milliseconds since 1970). `nil` where there is none or it cannot be read. Never negative. At most a day, chosen
    /// as the longest that any documented limit lasts.
    static func parse(_ headers: HeaderLookup, now: Int64) -> Duration? {
        if let text = headers("retry-after-ms"), let value = Double(text), value >= 0 { return bounded(value / 1000) }
        guard let text = headers("retry-after") else { return nil }
        if let value = Double(text) { return value >= 0 ? bounded(value) : nil }
        guard let until = HTTPDate.seconds(text) else { return length(text) }
        let start = headers("date").flatMap { HTTPDate.seconds($0) } ?? now / 1000
        return .seconds(min(max(0, until - start), Int64(maxSeconds)))
    }

    /// The latest reset of the limits that are used up, for a 429 without `retry-after`.
    static func resets(_ headers: HeaderLookup, now: Int64) -> Duration? {
        limits.compactMap { limit -> Duration? in
            guard headers("x-ratelimit-remaining" + limit).flatMap(Double.init) == 0,
                let text = headers("x-ratelimit-reset" + limit)
            else { return nil }
            guard let value = Double(text) else { return length(text) }
            // Either seconds to go, or the moment in seconds or milliseconds since 1970.
            guard value > 1e9 else { return value >= 0 ? bounded(value) : nil }
            return bounded(max(0, (value > 1e12 ? value / 1000 : value) - Double(now) / 1000))
        }.max()
    }

    /// The ends of the header names: OpenAI and Groq name what is counted, others do not.
    private static let limits = ["-requests", "-tokens", ""]

    /// The cool-down in an error's members (seconds, or Google's `retryDelay: "34s"`) or in its words ("try again in
    /// 6.5s").
    static func inside(_ error: JSONObject, message: String) -> Duration? {
        if let value = error["retry_after_ms"]?.doubleValue, value >= 0 { return bounded(value / 1000) }
        let holders = [error] + (error["details"]?.arrayValue ?? []).prefix(10).compactMap(\.objectValue)
        for holder in holders {
            switch ["retry_after", "retryAfter", "retryDelay"].lazy.compactMap({ holder[$0] }).first {
            case .number(let number)?:
                if let value = number.doubleValue, value >= 0 { return bounded(value) }
            case .string(let text)?:
                if let rest = length(text) { return rest }
            default: continue
            }
        }
        let message = message.lowercased()
        return words.lazy.compactMap { message.range(ofLiteral: $0) }.first.flatMap {
            length(message[$0.upperBound...])
        }
    }

    private static let words = ["try again in ", "try again after ", "retry in ", "retry after "]

    /// Reads `6m0s`, `59.7s`, `20ms`, `20 seconds`, or seconds without a unit, `nil` for anything else.
    static func length(_ text: some StringProtocol) -> Duration? {
        var rest = Substring(text)
        var seconds: Double?
        while true {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            // A full stop ends the sentence.
            let digits = number.hasSuffix(".") ? number.dropLast() : number
            guard let value = Double(digits), value >= 0 else { break }
            rest = rest[number.endIndex...].drop { $0 == " " }
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            if unit.isEmpty, seconds == nil { return bounded(value) }
            guard let length = units.first(where: { $0.names.contains(String(unit)) })?.seconds else { break }
            seconds = (seconds ?? 0) + value * length
            rest = rest[unit.endIndex...]
        }
        return seconds.map(bounded)
    }

    private static let units: [(names: Set<String>, seconds: Double)] = [
        (["ms", "millisecond", "milliseconds"], 0.001), (["s", "sec", "secs", "second", "seconds"], 1),
        (["m", "min", "mins", "minute", "minutes"], 60), (["h", "hour", "hours"], 3600),
        (["d", "day", "days"], 86_400),
    ]

    private static func bounded(_ seconds: Double) -> Duration {
        .milliseconds((min(seconds, maxSeconds) * 1000).rounded(.up))
    }

    private static let maxSeconds = 86_400.0
}
