/// The figures of one family at one moment.
package struct MetricReading: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case number(Double)
        /// Recorded values by bucket, each alone, those above the last bound at the end, and the sum of all values.
        case histogram(counts: [Int], sum: Double)

        var isZero: Bool {
            switch self {
            case .number(let number): number == 0
            case .histogram(let counts, _): counts.allSatisfy { $0 == 0 }
            }
        }
    }

    package struct Series: Sendable, Equatable {
        /// In the order of the family's names.
        package let labels: [String]
        package let value: Value
    }

    package let family: MetricFamily
    package let series: [Series]

    init(_ family: MetricFamily, series: [Series]) {
        self.family = family
        self.series = series
    }

    /// Numbers by the values of their labels.
    package init(_ family: MetricFamily, _ numbers: [(labels: [String], value: Double)]) {
        self.init(family, series: numbers.map { Series(labels: $0.labels, value: .number($0.value)) })
    }

    /// One number without labels.
    package init(_ family: MetricFamily, _ number: Double) { self.init(family, [([], number)]) }

    package init(_ family: MetricFamily, _ number: Int) { self.init(family, Double(number)) }

    /// The sum of all series whose labels `isCounted` accepts, those of histograms aside.
    package func sum(where isCounted: ([String]) -> Bool = { _ in true }) -> Double {
        series.reduce(0) { sum, series in
            guard case .number(let number) = series.value, isCounted(series.labels) else { return sum }
            return sum + number
        }
    }
}
