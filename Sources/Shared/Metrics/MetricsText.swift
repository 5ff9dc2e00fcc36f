/// Writes Prometheus' text exposition format, version 0.0.4 (pure).
///
/// All samples of a family stand together behind its help and type. A family without a sample is left out.
package enum MetricsText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func write(_ readings: [MetricReading]) -> String {
        var text = ""
        for reading in readings where !reading.series.isEmpty { write(reading, to: &text) }
        return text
    }

    private static func write(_ reading: MetricReading, to text: inout String) {
        let family = reading.family
        text += "# HELP \(family.name) \(escapedHelp(family.help))\n# TYPE \(family.name) \(family.kind.name)\n"
        for series in reading.series {
            let labels = zip(family.labels, series.labels).map { "\($0)=\"\(escapedLabel($1))\"" }
            switch series.value {
            case .number(let number): sample(family.name, labels, number, to: &text)
            case .histogram(let counts, let sum): histogram(family, labels, counts, sum, to: &text)
            }
        }
    }

    /// Buckets are cumulative here.
    ///
    /// The count is that of the last one, so that both agree, whatever is recorded meanwhile.
    private static func histogram(
        _ family: MetricFamily, _ labels: [String], _ counts: [Int], _ sum: Double, to text: inout String
    ) {
        guard case .histogram(let bounds) = family.kind, counts.count == bounds.count + 1 else { return }
        var below = 0
        for (bound, count) in zip(bounds + [.infinity], counts) {
            below = below.addingClamped(count)
            sample(family.name + "_bucket", labels + ["le=\"\(number(bound))\""], Double(below), to: &text)
        }
        sample(family.name + "_sum", labels, sum, to: &text)
        sample(family.name + "_count", labels, Double(below), to: &text)
    }

    private static func sample(_ name: String, _ labels: [String], _ value: Double, to text: inout String) {
        text += name
        if !labels.isEmpty { text += "{\(labels.joined(separator: ","))}" }
        text += " \(number(value))\n"
    }

    /// As Go reads it: `NaN`, `+Inf`, and whole numbers without a point.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Doubles hold every whole number up to 2^53.
        guard abs(value) < 9_007_199_254_740_992, value == value.rounded() else { return "\(value)" }
        return "\(Int64(value))"
    }

    private static func escapedHelp(_ text: String) -> String { escaped(text, "\\\n") }

    private static func escapedLabel(_ text: String) -> String { escaped(text, "\\\n\"") }

    /// Looks at scalars, since a line feed behind a carriage return is no character of its own.
    private static func escaped(_ text: String, _ special: String) -> String {
        guard text.unicodeScalars.contains(where: special.unicodeScalars.contains) else { return text }
        return text.unicodeScalars.reduce(into: "") { escaped, scalar in
            if special.unicodeScalars.contains(scalar) { escaped.append("\\") }
            escaped.unicodeScalars.append(scalar == "\n" ? "n" : scalar)
        }
    }
}
