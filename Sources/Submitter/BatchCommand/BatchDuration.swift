import ArgumentParser
import Shared

/// A time as people write it: `90m`, `24h`, `7d`, or seconds.
struct BatchDuration: ExpressibleByArgument, Equatable, CustomStringConvertible {
    let milliseconds: Int64

    static let day = BatchDuration(milliseconds: 86_400_000)
    /// Chosen: as long as answers of jobs may be kept.
    static let longest: Int64 = 30 * 86_400_000

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// From a second to 30 days.
    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        let unit = argument.last.flatMap { units[$0] }
        let digits = unit == nil ? argument[...] : argument.dropLast()
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy(\.isASCIIDigit), let number = Int64(digits)
        else { return nil }
        milliseconds = number * (unit ?? 1000)
        guard (1000...Self.longest).contains(milliseconds) else { return nil }
    }

    var description: String { milliseconds == 86_400_000 ? "24h" : "\(milliseconds / 1000)s" }
}
