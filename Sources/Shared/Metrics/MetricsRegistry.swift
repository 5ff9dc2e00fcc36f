package import CoreMetrics
import Synchronization

/// Keeps the metrics of a process: behind swift-metrics it makes handles, and `MetricsText` writes what they have
/// recorded.
///
/// In: declared families. Handles of one family with the same labels share a series. A metric that is not declared, or
/// asked for as another kind or with other labels, is not kept, since nobody has thought about the bounds of its
/// labels. Beside handles there are sources, which are asked for their figures at each scrape.
package final class MetricsRegistry: MetricsFactory {
    /// Figures that are read at the moment of a scrape, which must neither wait nor call a server.
    package typealias Source = @Sendable () -> [MetricReading]

    private struct State {
        /// By family, then by labels.
        var cells: [String: [[String]: any MetricCell]] = [:]
        var sources: [Source] = []
    }

    /// Series of a family.
    ///
    /// Chosen: more than any catalogue needs, and about what a Prometheus still likes. All others are counted in one
    /// more, whose labels are `other`.
    package static let mostSeries = 2000
    private static let other = "other"
    /// Bytes of a label's value.
    private static let longestLabel = 128

    private let families: [String: MetricFamily]
    private let state = Mutex(State())

    package init(_ families: [MetricFamily] = MetricFamily.all) {
        self.families = Dictionary(families.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Asks `source` at each scrape, too.
    package func add(_ source: @escaping Source) { state.withLock { $0.sources.append(source) } }

    /// All figures by name, each family once.
    package var readings: [MetricReading] {
        let (cells, sources) = state.withLock { ($0.cells, $0.sources) }
        var all: [String: [[String]: MetricReading.Value]] = cells.mapValues { $0.mapValues(\.value) }
        for reading in sources.flatMap({ $0() }) {
            for series in reading.series { all[reading.family.name, default: [:]][series.labels] = series.value }
        }
        return all.sorted { $0.key < $1.key }.compactMap { name, series in
            families[name].map { family in
                MetricReading(
                    family,
                    series: series.filter { !family.isSparse || !$0.value.isZero }
                        .sorted { $0.key.lexicographicallyPrecedes($1.key) }
                        .map { MetricReading.Series(labels: $0.key, value: $0.value) })
            }
        }
    }

    /// The figures in Prometheus' text format.
    package var text: String { MetricsText.write(readings) }

    // MARK: - Handles

    package func counter(_ family: MetricFamily, _ labels: String...) -> Counter {
        Counter(label: family.name, dimensions: Self.dimensions(family, labels), factory: self)
    }

    package func sum(_ family: MetricFamily, _ labels: String...) -> FloatingPointCounter {
        FloatingPointCounter(label: family.name, dimensions: Self.dimensions(family, labels), factory: self)
    }

    package func meter(_ family: MetricFamily, _ labels: String...) -> Meter {
        Meter(label: family.name, dimensions: Self.dimensions(family, labels), factory: self)
    }

    package func timer(_ family: MetricFamily, _ labels: String...) -> Timer {
        Timer(label: family.name, dimensions: Self.dimensions(family, labels), factory: self)
    }

    private static func dimensions(_ family: MetricFamily, _ labels: [String]) -> [(String, String)] {
        precondition(labels.count == family.labels.count, "\(family.name) has the labels \(family.labels)")
        return Array(zip(family.labels, labels))
    }

    private func cell<Cell: MetricCell>(
        _ name: String, _ dimensions: [(String, String)], _ make: (MetricFamily.Kind) -> Cell?
    ) -> Cell? {
        guard let family = families[name], dimensions.map(\.0) == family.labels, let new = make(family.kind) else {
            return nil
        }
        let labels = dimensions.map { $0.1.clipped(toBytes: Self.longestLabel) }
        return state.withLock { state in
            let isFull = state.cells[name].map { $0.count >= Self.mostSeries && $0[labels] == nil } ?? false
            let labels = isFull ? labels.map { _ in Self.other } : labels
            if let known = state.cells[name]?[labels] { return known as? Cell }
            state.cells[name, default: [:]][labels] = new
            return new
        }
    }
}

/// The factory of swift-metrics.
///
/// Series stay for as long as the process, so nothing is destroyed.
extension MetricsRegistry {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(label, dimensions) { $0 == .counter ? CounterCell() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        cell(label, dimensions) { $0 == .counter ? CounterCell() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(label, dimensions) { $0 == .gauge ? GaugeCell() : nil } ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        cell(label, dimensions, Self.histogram) ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        cell(label, dimensions, Self.histogram) ?? NOOPMetricsHandler.instance
    }

    private static func histogram(_ kind: MetricFamily.Kind) -> HistogramCell? {
        guard case .histogram(let bounds) = kind else { return nil }
        return HistogramCell(bounds: bounds)
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
