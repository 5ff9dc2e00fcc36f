/// Writes Prometheus' text exposition format, version 0.0.4.
struct MetricsText {
    enum Kind: String { case counter, gauge, histogram }

    private(set) var text = ""

    init() {}

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        head(name, kind, help)
        text += "\(name) \(value)\n"
    }

    /// One line per label value, in a stable order.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ values: [(label: String, String, Int)]) {
        head(name, kind, help)
        for (label, labelValue, value) in values.sorted(by: { $0.1 < $1.1 }) {
            text += "\(name){\(label)=\"\(labelValue)\"} \(value)\n"
        }
    }

    mutating func add(_ name: String, _ help: String, _ histogram: Histogram) {
        head(name, .histogram, help)
        var below = 0
        for (bound, count) in zip(Histogram.bounds, histogram.counts) {
            below += count
            text += "\(name)_bucket{le=\"\(bound)\"} \(below)\n"
        }
        text += "\(name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
        text += "\(name)_sum \(histogram.sum)\n\(name)_count \(histogram.count)\n"
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }
}

/// A fixed-bucket histogram of seconds, with bounds for answers from a cache hit to a ten-minute reasoning run.
struct Histogram: Sendable {
    static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]

    private(set) var counts = Array(repeating: 0, count: bounds.count)
    private(set) var count = 0
    private(set) var sum = 0.0

    init() {}

    mutating func add(_ seconds: Double) {
        count += 1
        sum += seconds
        if let bucket = Self.bounds.firstIndex(where: { seconds <= $0 }) { counts[bucket] += 1 }
    }
}
