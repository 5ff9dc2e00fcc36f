import Testing

@testable import Worker

@Suite struct MetricsTextTests {
    @Test func `each metric has its help and its type once, then its values in order`() {
        var text = MetricsText()
        text.add("x_total", .counter, "Things", [("kind", "b", 2), ("kind", "a", 1)])
        text.add("y", .gauge, "Others", 3)
        #expect(
            text.text == """
                # HELP x_total Things
                # TYPE x_total counter
                x_total{kind="a"} 1
                x_total{kind="b"} 2
                # HELP y Others
                # TYPE y gauge
                y 3

                """)
    }

    @Test func `a metric without values still says what it is`() {
        var text = MetricsText()
        text.add("x_total", .counter, "Things", [])
        #expect(text.text == "# HELP x_total Things\n# TYPE x_total counter\n")
    }

    @Test func `buckets of a histogram grow up to its count`() {
        var histogram = Histogram()
        for seconds in [0.001, 0.02, 0.02, 7, 1000] { histogram.add(seconds) }
        var text = MetricsText()
        text.add("z_seconds", "Durations", histogram)

        let values = text.text.split(separator: "\n").filter { $0.hasPrefix("z_seconds_bucket") }
            .map { Int($0.split(separator: " ")[1]) ?? -1 }
        #expect(values == values.sorted())
        #expect(values.count == Histogram.bounds.count + 1)
        #expect(values.first == 1)
        #expect(values.last == 5)
        #expect(text.text.contains("# TYPE z_seconds histogram\n"))
        #expect(text.text.contains("z_seconds_count 5\n"))
    }
}
