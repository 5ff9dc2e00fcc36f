import CoreMetrics
import Testing

@testable import Shared

@Suite struct MetricsRegistryTests {
    private static let plain = MetricFamily("plain_total", .counter, "Plain")
    private static let kinds = MetricFamily("kinds_total", .counter, labels: ["kind"], "Kinds")
    private static let sparse = MetricFamily("sparse_total", .counter, labels: ["kind"], isSparse: true, "Sparse")
    private static let level = MetricFamily("level", .gauge, "Level")
    private static let times = MetricFamily("times_seconds", .histogram([0.1, 1, 10]), "Times")

    private let registry = MetricsRegistry([plain, kinds, sparse, level, times])

    private func value(_ family: MetricFamily, _ labels: String...) -> MetricReading.Value? {
        registry.readings.first { $0.family == family }?.series.first { $0.labels == labels }?.value
    }

    @Test func `handles with the same labels share a series`() {
        registry.counter(Self.kinds, "a").increment(by: 2)
        registry.counter(Self.kinds, "a").increment()
        registry.sum(Self.kinds, "b").increment(by: 0.5)

        #expect(value(Self.kinds, "a") == .number(3))
        #expect(value(Self.kinds, "b") == .number(0.5))
    }

    @Test func `a series is there from 0 on, unless its family is sparse`() {
        _ = registry.counter(Self.kinds, "a")
        let counter = registry.counter(Self.sparse, "a")
        #expect(value(Self.kinds, "a") == .number(0))
        #expect(value(Self.sparse, "a") == nil)
        counter.increment()
        #expect(value(Self.sparse, "a") == .number(1))
    }

    @Test func `counters only grow`() {
        let (counter, sum) = (registry.counter(Self.plain), registry.sum(Self.plain))
        counter.increment(by: -5)
        sum.increment(by: Double.nan)
        sum.increment(by: -Double.infinity)
        counter.increment(by: 7)
        #expect(value(Self.plain) == .number(7))
    }

    @Test func `a gauge goes up and down`() {
        let meter = registry.meter(Self.level)
        meter.set(5)
        meter.increment(by: 2)
        meter.decrement()
        #expect(value(Self.level) == .number(6))
    }

    @Test func `a histogram counts each value in one bucket, in seconds`() {
        let timer = registry.timer(Self.times)
        for duration in [Duration.microseconds(62_500), .milliseconds(125), .seconds(5), .seconds(1000)] {
            timer.record(duration)
        }
        timer.record(.seconds(-1))
        #expect(value(Self.times) == .histogram(counts: [2, 1, 1, 1], sum: 1005.1875))
    }

    @Test func `a value at a bound is in the bucket below`() {
        let timer = registry.timer(Self.times)
        timer.record(.milliseconds(100))
        timer.record(.nanoseconds(100_000_001))
        timer.record(.seconds(Int64.max))
        var counts: [Int] = []
        if case .histogram(let found, _)? = value(Self.times) { counts = found }
        #expect(counts == [1, 1, 0, 1])
    }

    @Test func `what is no number is not recorded`() {
        let recorder = Recorder(label: Self.times.name, dimensions: [], aggregate: true, factory: registry)
        for number in [Double.nan, .infinity, -.infinity, 1] { recorder.record(number) }
        #expect(value(Self.times) == .histogram(counts: [0, 1, 0, 0], sum: 1))
    }

    @Test func `what is not declared so is not kept`() {
        Counter(label: "unknown_total", factory: registry).increment()
        Counter(label: "kinds_total", dimensions: [("sort", "a")], factory: registry).increment()
        Meter(label: "plain_total", factory: registry).set(9)
        Counter(label: "times_seconds", factory: registry).increment()
        #expect(registry.readings.allSatisfy { $0.series.isEmpty })
        #expect(registry.text == "")
    }

    @Test func `series of a family are bounded, and the rest is one`() {
        let extra = 50
        for number in 0..<MetricsRegistry.mostSeries + extra {
            registry.counter(Self.kinds, "kind-\(number)").increment()
        }
        registry.counter(Self.kinds, "kind-0").increment()

        #expect(registry.readings.first?.series.count == MetricsRegistry.mostSeries + 1)
        #expect(value(Self.kinds, "other") == .number(Double(extra)))
        #expect(value(Self.kinds, "kind-0") == .number(2))
    }

    @Test func `label values have a length`() {
        registry.counter(Self.kinds, String(repeating: "模", count: 1000)).increment()
        #expect(registry.readings.first?.series.first?.labels.first?.utf8.count == 126)
    }

    @Test func `sources are asked at each scrape, and join a family's other series`() {
        registry.counter(Self.kinds, "a").increment()
        registry.add { [MetricReading(Self.kinds, [(["b"], 2)])] }
        registry.add { [MetricReading(Self.level, 4)] }

        #expect(value(Self.kinds, "a") == .number(1) && value(Self.kinds, "b") == .number(2))
        #expect(value(Self.level) == .number(4))
        #expect(registry.text.components(of: "# TYPE kinds_total") == 1)
    }

    @Test func `nothing is lost when many tasks record at once`() async {
        let (tasks, turns) = (8, 20_000)
        let (counter, timer) = (registry.counter(Self.plain), registry.timer(Self.times))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    for _ in 0..<turns {
                        counter.increment()
                        timer.record(.milliseconds(250))
                    }
                }
            }
        }
        let all = tasks * turns
        #expect(value(Self.plain) == .number(Double(all)))
        #expect(value(Self.times) == .histogram(counts: [0, all, 0, 0], sum: Double(all) / 4))
    }

    @Test func `handles of a recorder are made once`() {
        let handles = MetricHandles<String, Counter> { [registry] in registry.counter(Self.kinds, $0) }
        #expect(handles["a"] === handles["a"])
        handles["a"].increment()
        #expect(value(Self.kinds, "a") == .number(1))
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
