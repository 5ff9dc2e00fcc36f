/// Durations for people, in their two largest units: `450ms`, `12s`, `3m 5s`, `2h 10m`, `4d 2h`.
enum AgeText {
    /// The text, or `-` for `nil`.
    ///
    /// A duration below zero, as by a clock that is wrong, counts as zero.
    static func of(milliseconds: Int64?) -> String {
        guard let milliseconds else { return "-" }
        let seconds = max(0, milliseconds) / 1000
        switch seconds {
        case 0: return "\(max(0, milliseconds))ms"
        case ..<60: return "\(seconds)s"
        case ..<3600: return pair(seconds / 60, "m", seconds % 60, "s")
        case ..<86_400: return pair(seconds / 3600, "h", seconds / 60 % 60, "m")
        default: return pair(seconds / 86_400, "d", seconds / 3600 % 24, "h")
        }
    }

    private static func pair(_ large: Int64, _ unit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(unit)" : "\(large)\(unit) \(small)\(smallUnit)"
    }
}
