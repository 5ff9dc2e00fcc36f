/// A metric as it is declared: its name, its kind, the names of its labels, and its meaning.
///
/// All of them stand in `MetricFamily+All`.
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case counter, gauge
        /// With the upper bounds of its buckets, rising.
        case histogram([Double])

        /// The word of the text format.
        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    package let name: String
    package let kind: Kind
    package let labels: [String]
    /// Series of which nothing was recorded are left out, since most combinations of the labels never come.
    ///
    /// Otherwise a series is there from 0 on, so that `rate()` sees its first step.
    package let isSparse: Bool
    package let help: String

    package init(_ name: String, _ kind: Kind, labels: [String] = [], isSparse: Bool = false, _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.isSparse = isSparse
        self.help = help
    }
}
