import Testing

@testable import Shared

@Suite struct ProcessFiguresTests {
    private func figures(_ readings: [MetricReading]) -> [String: Double] {
        Dictionary(uniqueKeysWithValues: readings.map { ($0.family.name, $0.sum()) })
    }

    @Test func `this process has memory, time, threads and files`() throws {
        let figures = figures(ProcessFigures(startedAt: 1_700_000_000_500).readings)

        #expect(figures["process_start_time_seconds"] == 1_700_000_000.5)
        #expect(try #require(figures["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(figures["process_cpu_seconds_total"]) >= 0)
        #expect(try #require(figures["process_threads"]) >= 1)
        #expect(try #require(figures["process_open_fds"]) >= 1)
        #expect(try #require(figures["process_max_fds"]) >= 16)
    }

    @Test func `where the system tells nothing, nothing is told`() {
        #expect(figures(ProcessFigures(startedAt: 0, folder: "/nowhere").readings) == ["process_start_time_seconds": 0])
    }

    @Test func `a name with blanks and brackets moves no field`() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 1 2 3 4 250 75 0 0 20 0 9 0 100 1000 200"
        #expect(ProcessFigures.cpuSeconds(stat) == 3.25)
    }

    @Test(arguments: ["", "7", "7 (a) S 1", "7 (a) S 1 7 7 0 -1 4194304 1 2 3 4 x y"])
    func `a line that is cut off gives no time`(stat: String) { #expect(ProcessFigures.cpuSeconds(stat) == nil) }

    @Test(arguments: [
        ("Max open files            1024                 524288               files", 1024.0 as Double?),
        ("Max open files            unlimited            unlimited            files", .infinity),
        ("Max processes             100                  100                  processes", nil), ("", nil),
    ])
    func `the limit of files is the soft one`(limits: String, most: Double?) {
        #expect(ProcessFigures.mostFiles(limits) == most)
    }
}
