/// How long a platform asks us to stay away, from its response headers.
enum RetryAfter {
    /// `retry-after-ms`, else `retry-after` as seconds or as an HTTP date (RFC 9110, IMF-fixdate).
    ///
    /// A date is measured from the answer's own `Date`, so that our clocks need not agree, else from `now` (milliseconds
    /// since 1970). `nil` where there is none or it cannot be read; never negative; at most a day, chosen as the longest
    /// that any documented limit lasts.
    static func parse(_ headers: HeaderLookup, now: Int64) -> Duration? {
        if let text = headers("retry-after-ms"), let value = Double(text), value >= 0 {
            return .milliseconds(min(value, maxSeconds * 1000).rounded(.up))
        }
        guard let text = headers("retry-after") else { return nil }
        if let value = Double(text), value >= 0 { return .milliseconds((min(value, maxSeconds) * 1000).rounded(.up)) }
        guard let until = seconds(ofDate: text) else { return nil }
        let start = headers("date").flatMap { seconds(ofDate: $0) } ?? now / 1000
        return .seconds(min(max(0, until - start), Int64(maxSeconds)))
    }

    private static let maxSeconds = 86_400.0
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func seconds(ofDate text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])),
            let day = Int64(parts[1]), let year = Int64(parts[3]), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard time.count == 3, (0...23).contains(time[0]), (0...59).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        return days(year, Int64(month) + 1, day) * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
    }

    /// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant's days_from_civil).
    static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
