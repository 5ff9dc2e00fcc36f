import Shared

extension JSON {
    /// Seconds, to the millisecond.
    static func seconds(_ duration: Duration) -> JSON { figure(duration.seconds) }

    /// A whole number where it is one, else three decimals, or `null` for what is no number.
    static func figure(_ value: Double) -> JSON {
        let rounded = (value * 1000).rounded() / 1000
        return Int(exactly: rounded).map { .int($0) } ?? JSONNumber(rounded).map(JSON.number) ?? .null
    }
}
