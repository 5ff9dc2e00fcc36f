import Shared
import Testing

@testable import Submitter

/// Answers as JSON and as CSV.
@Suite struct StatisticsReportTests {
    private func report(_ view: StatisticsView, _ groups: [StatisticsDimension], _ figures: [String: String])
        -> StatisticsReport
    {
        let query = StatisticsQuery(
            view: view, window: StatisticsWindow(since: 0, until: 3_600_000), groups: groups, filters: [.tenant: "t"],
            now: 0)
        var names: [StatisticsDimension: String] = [:]
        for group in query.names { names[group] = group == .currency ? "USD" : group == .user ? "" : "=\(group)" }
        let row = StatisticsQuery.Row(names: names, figures: query.figures.map { figures[$0.name] })
        let answer = StatisticsQuery.Answer(rows: [row], totals: view.hasTotals ? [row] : [], groups: 1)
        return StatisticsReport(query: query, answer: answer, next: "c")
    }

    @Test func `JSON has numbers, null for no user, and the window that was read`() {
        let json = report(.usage, [.user, .model], ["attempts": "3", "cost": "0.25"]).json

        #expect(
            json["object"] == "usage" && json["from"] == "1970-01-01T00:00:00Z"
                && json["until"] == "1970-01-01T01:00:00Z")
        #expect(json["group_by"] == ["user", "model"] && json["filters"] == ["tenant": "t"] && json["tz"] == "UTC")
        let row = json["data"]?[0]
        #expect(row?["user"] == .null && row?["model"] == "=model" && row?["currency"] == "USD")
        #expect(row?["attempts"] == 3 && row?["cost"] == 0.25 && row?["avg_ms"] == .null)
        #expect(json["totals"]?[0]?["model"] == nil && json["totals"]?[0]?["currency"] == "USD")
        #expect(json["next_cursor"] == "c" && json["groups"] == 1)
    }

    @Test func `CSV has exact costs, no totals, and runs nothing`() {
        let csv = report(.cost, [.model], ["attempts": "1", "cost": "0.1234567891", "waste": "0"]).csv

        #expect(
            csv == """
                model,currency,attempts,tokens_in,tokens_uncached,tokens_cached,tokens_cache_write,tokens_cache_write_1h,\
                tokens_out,tokens_reasoning,cost,waste,cancelled_cost,failed_attempts
                '=model,USD,1,,,,,,,,0.1234567891,0,,

                """)
    }

    @Test func `performance has percentiles and no totals`() {
        let report = report(.performance, [], ["latency_p95_ms": "120", "attempts_per_second": "0.5"])

        #expect(report.json["totals"] == .null)
        #expect(
            report.json["data"]?[0]?["latency_p95_ms"] == 120 && report.json["data"]?[0]?["attempts_per_second"] == 0.5)
        #expect(
            report.csv.hasPrefix(
                "attempts,done,tokens_out,attempts_per_second,tokens_per_second,answer_tokens_per_second,"))
    }
}
