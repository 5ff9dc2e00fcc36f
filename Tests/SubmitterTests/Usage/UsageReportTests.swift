import ArgumentParser
import Shared
import Testing

@testable import Submitter

/// `submitter usage`: windows, tables, JSON and CSV.
@Suite struct UsageReportTests {
    private static let hour: Int64 = 3_600_000

    private static let query = StatisticsQuery(
        view: .usage, window: StatisticsWindow(since: 0, until: hour), groups: [.user], now: hour)

    private func report(
        _ rows: [StatisticsQuery.Row], totals: [StatisticsQuery.Row] = [], count: Int? = nil
    ) -> UsageReport {
        UsageReport(
            by: .user, query: Self.query, answer: .init(rows: rows, totals: totals, groups: count ?? rows.count))
    }

    private func sum(_ name: String?, _ currency: String = "USD", cost: String = "1.5") -> StatisticsQuery.Row {
        let figures = [
            "attempts": "3", "done": "2", "errors": "1", "cancelled": "0", "tokens_in": "10", "tokens_out": "20",
            "tokens_cached": "0", "cost": cost, "avg_ms": "1200",
        ]
        var names: [StatisticsDimension: String] = [.currency: currency]
        names[.user] = name
        return StatisticsQuery.Row(names: names, figures: Self.query.figures.map { figures[$0.name] })
    }

    @Test(arguments: [
        ("90s", 90_000), ("30m", 1_800_000), ("24h", 86_400_000), ("7d", 604_800_000), ("2w", 1_209_600_000),
        ("now", 0),
    ])
    func `a time ago is read with its unit`(text: String, milliseconds: Int64) {
        #expect(TimePoint(text) == .ago(milliseconds))
    }

    @Test(arguments: [
        ("2023-11-14", 1_699_920_000_000), ("2023-11-14T22:13Z", 1_699_999_980_000),
        ("2023-11-14 22:13:20", 1_700_000_000_000), ("2024-02-29", 1_709_164_800_000),
    ])
    func `a date and a time are read as UTC`(text: String, milliseconds: Int64) {
        #expect(TimePoint(text) == .at(milliseconds))
    }

    @Test(arguments: [
        "", "h", "5", "-5h", "5y", "99999999h", "2023-02-29", "2023-13-01", "23-1-1", "2023-11-14T25:00", "2023-11-14Z",
        "2023-11-14T", "tomorrow", "1e9h", "٣h",
    ])
    func `other texts are no time`(text: String) { #expect(TimePoint(text) == nil) }

    @Test func `a long time ago never begins before 1970`() {
        #expect(TimePoint.ago(.max).milliseconds(now: 1_700_000_000_000) == 0)
    }

    @Test func `totals stand below the rows, one per currency`() {
        let table = report([sum("ada"), sum("ben", "CNY")], totals: [sum(nil, "CNY"), sum(nil)]).table(width: nil)
        let lines = table.split(separator: "\n")

        #expect(lines[0].hasPrefix("USER   ATTEMPTS  DONE  ERRORS"))
        #expect(lines[3].hasPrefix("total ") && lines[3].contains("CNY") && lines[4].contains("USD"))
    }

    @Test func `JSON has numbers, and null for no user`() {
        let json = report([sum("", cost: "0.25")], totals: [sum(nil)]).json

        #expect(json["rows"]?[0]?["cost"] == 0.25 && json["rows"]?[0]?["user"] == .null)
        #expect(json["since"] == "1970-01-01T00:00:00Z" && json["until"] == "1970-01-01T01:00:00Z")
        #expect(json["totals"]?[0]?["user"] == "total")
    }

    @Test func `CSV has a heading, a line a row and no totals`() {
        let csv = report([sum("ada", cost: "0.000001")], totals: [sum(nil)]).csv

        #expect(
            csv == """
                user,attempts,done,errors,cancelled,tokens_in,tokens_out,tokens_cached,cost,currency,avg_ms,first_token_ms
                ada,3,2,1,0,10,20,0,0.000001,USD,1200,

                """)
    }

    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("two\nlines", "\"two\nlines\""),
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("=a,b", "\"'=a,b\""), ("\t=1", "\"'\t=1\""),
        (" =1", "' =1"), ("＝1", "'＝1"), ("模型", "模型"), ("", ""), ("a-b", "a-b"), ("\u{1B}[0m", "\u{FFFD}[0m"),
    ])
    func `a cell is quoted, and never a formula`(text: String, cell: String) { #expect(CSV.text(text) == cell) }

    private static let unseen: [(String, String)] = [
        ("\u{200B}=1", "'\u{200B}=1"), ("\u{FEFF} @x", "'\u{FEFF} @x"), ("\u{AD}-1", "'\u{AD}-1"),
        ("\u{202E}=1", "'\u{FFFD}=1"), ("=\u{301}1", "'=\u{301}1"), ("a,\u{301}b", "\"a,\u{301}b\""),
        ("a\"\u{301}b", "\"a\"\"\u{301}b\""), ("\u{200B}a", "\u{200B}a"), ("a ", "\"a \""),
    ]

    @Test(arguments: unseen)
    func `characters that are not seen or combine hide no formula, comma or quote`(text: String, cell: String) {
        #expect(CSV.text(text) == cell)
    }

    @Test func `rows beyond the limit are told`() {
        #expect(report([sum("a")], count: 5).note.hasSuffix("\n4 more rows: --limit\n"))
        #expect(report([sum("a")]).note == "from 1970-01-01T00:00Z until 1970-01-01T01:00Z\n")
    }

    @Test func `a platform may be called a provider`() {
        #expect(UsageDimension(argument: "Provider") == .platform)
        #expect(UsageDimension(argument: "planet") == nil)
    }

    @Test(arguments: [
        ["--since", "soon"], ["--since", "1h", "--until", "2h"], ["--by", "planet"], ["--format", "xml"],
        ["--limit", "0"], ["--since", "now"],
    ])
    func `a mistake names its option`(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Submitter.parseAsRoot(["usage"] + arguments) }
        #expect(error.map { Submitter.message(for: $0).contains(arguments[0]) } == true)
    }
}
