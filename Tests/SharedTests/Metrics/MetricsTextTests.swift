import Testing

@testable import Shared

@Suite struct MetricsTextTests {
    private let labelled = MetricFamily("x_total", .counter, labels: ["kind"], "Things")

    private func lines(_ readings: MetricReading...) -> [Substring] {
        MetricsText.write(readings).split(separator: "\n")
    }

    @Test func `each metric has its help and its type once, then all its samples`() {
        let text = MetricsText.write([
            MetricReading(labelled, [(["a"], 1), (["b"], 2.5)]), MetricReading(MetricFamily("y", .gauge, "Others"), 3),
        ])
        #expect(
            text == """
                # HELP x_total Things
                # TYPE x_total counter
                x_total{kind="a"} 1
                x_total{kind="b"} 2.5
                # HELP y Others
                # TYPE y gauge
                y 3

                """)
    }

    @Test func `a metric without samples is left out`() {
        #expect(MetricsText.write([MetricReading(labelled, series: [])]) == "")
    }

    @Test(arguments: [
        (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), ("a\r\nb", "a\r\\nb"), ("模型", "模型"), ("", ""),
    ])
    func `label values are escaped, also a line feed behind a carriage return`(value: String, escaped: String) {
        let line = lines(MetricReading(labelled, [([value], 1)])).last
        #expect(line.map(String.init) == "x_total{kind=\"\(escaped)\"} 1")
    }

    @Test func `a help text is one line`() {
        let family = MetricFamily("y", .gauge, "one\\\ntwo \"three\"")
        #expect(lines(MetricReading(family, 1)).first == #"# HELP y one\\\ntwo "three""#)
    }

    @Test(
        arguments: [
            (0.0, "0"), (-0.0, "0"), (1, "1"), (1e15, "1000000000000000"), (1e300, "1e+300"), (0.005, "0.005"),
            (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (9_007_199_254_740_992, "9007199254740992.0"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (.leastNonzeroMagnitude, "5e-324"),
        ] as [(Double, String)])
    func `every number has a form that Go reads`(value: Double, text: String) {
        #expect(MetricsText.number(value) == text)
    }

    @Test func `buckets of a histogram are cumulative up to its count`() {
        let family = MetricFamily("z_seconds", .histogram([0.1, 1]), labels: ["kind"], "Durations")
        let reading = MetricReading(
            family, series: [.init(labels: ["a"], value: .histogram(counts: [2, 0, 3], sum: 4.5))])
        #expect(
            lines(reading).dropFirst(2) == [
                #"z_seconds_bucket{kind="a",le="0.1"} 2"#, #"z_seconds_bucket{kind="a",le="1"} 2"#,
                #"z_seconds_bucket{kind="a",le="+Inf"} 5"#, #"z_seconds_sum{kind="a"} 4.5"#,
                #"z_seconds_count{kind="a"} 5"#,
            ])
    }
}
