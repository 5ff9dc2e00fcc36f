import Testing

@testable import Submitter

/// Periods, times and zones, as callers write them.
@Suite struct StatisticsPeriodTests {
    private static let day: Int64 = 86_400_000

    @Test(arguments: [("1h", 3_600_000), ("24h", day), ("7d", 7 * day), ("30d", 30 * day), ("2w", 14 * day)])
    func `a time until now has a unit`(_ text: String, _ milliseconds: Int64) {
        #expect(StatisticsPeriod(text) == .last(milliseconds))
    }

    @Test(arguments: [
        "", "h", "0h", "-1h", "1m", "1.5h", "99999d", "9999999h", "24", "day", "..", "..2026-11-01", "2026-11-01",
        "2026-11-01...2026-11-02", "2026-13-01..2026-12-01", "2026-11-01..tomorrow", "2026-11-01..24h", "٣h",
        "2026-11-01..2026-11-02..2026-11-03",
    ])
    func `other texts are no period`(_ text: String) { #expect(StatisticsPeriod(text) == nil) }

    @Test func `a period has a beginning, and an end unless it lasts until now`() throws {
        let first = try #require(LocalTime("2026-11-01"))
        let last = try #require(LocalTime("2026-11-30T12:00"))

        #expect(StatisticsPeriod("2026-11-01..2026-11-30T12:00") == .between(first, last))
        #expect(StatisticsPeriod("2026-11-01..") == .between(first, nil))
        #expect(StatisticsPeriod("2026-11-01..now") == .between(first, nil))
    }

    @Test(
        arguments: [
            ("2026-11-29", 1_795_910_400_000, nil), ("2026-11-29T15:00", 1_795_964_400_000, nil),
            ("2026-11-29 15:00:30", 1_795_964_430_000, nil), ("2026-11-29T15:00Z", 1_795_964_400_000, 0),
            ("2026-11-29T15:00+08:00", 1_795_964_400_000, 480), ("2026-11-29T15:00:00-03:30", 1_795_964_400_000, -210),
            // A plus that was read as a blank.
            ("2026-11-29T15:00 08:00", 1_795_964_400_000, 480),
        ] as [(String, Int64, Int?)])
    func `a time may name its offset`(_ text: String, _ milliseconds: Int64, _ offset: Int?) throws {
        let time = try #require(LocalTime(text))

        #expect(time.milliseconds == milliseconds && time.offset == offset)
    }

    @Test(arguments: [
        "", "24h", "now", "2026-11-29Z", "2026-11-29+08:00", "2026-11-29T25:00", "2026-11-29T15:00+99:00",
    ])
    func `other texts are no time`(_ text: String) { #expect(LocalTime(text) == nil) }

    @Test func `a moment follows its own offset, or else the zone's`() throws {
        let (local, fixed) = (try #require(LocalTime("2026-11-29")), try #require(LocalTime("2026-11-29T00:00+01:00")))
        let moment: Int64 = 1_795_910_400_000

        #expect(local.moment(in: .utc) == moment)
        #expect(local.moment(in: .offset(480)) == moment - 480 * 60_000)
        #expect(local.moment(in: .named("Asia/Shanghai")) == nil)
        #expect(fixed.moment(in: .named("Asia/Shanghai")) == moment - 3_600_000)
        #expect(local.sql == "2026-11-29 00:00:00")
    }

    @Test(
        arguments: [
            ("UTC", .utc), ("z", .utc), ("Etc/UTC", .utc), ("+00:00", .utc), ("+08:00", .offset(480)),
            (" 08:00", .offset(480)), ("-3", .offset(-180)), ("-0330", .offset(-210)),
            ("Asia/Shanghai", .named("Asia/Shanghai")), ("EST5EDT", .named("EST5EDT")),
        ] as [(String, StatisticsZone)])
    func `a zone is a name or an offset`(_ text: String, _ zone: StatisticsZone) {
        #expect(StatisticsZone(text) == zone)
    }

    @Test(arguments: ["", "+", "+99:00", "+08:60", "8", "Asia Shanghai", "'; DROP", "../etc/passwd", "+080000"])
    func `other texts are no zone`(_ text: String) { #expect(StatisticsZone(text) == nil) }

    @Test func `PostgreSQL counts offsets to the west`() {
        #expect(StatisticsZone.offset(480).sql == "<+08:00>-08:00")
        #expect(StatisticsZone.offset(-210).sql == "<-03:30>+03:30")
    }

    @Test func `a cursor comes back as it was, and no other text is one`() throws {
        let window = StatisticsWindow(since: 3_600_000, until: 7_200_000)
        let cursor = StatisticsCursor(window: window, offset: 100, question: StatisticsCursor.question(["a", "b"]))

        #expect(StatisticsCursor(cursor.text) == cursor)
        #expect(StatisticsCursor.question(["a", "b"]) != StatisticsCursor.question(["ab"]))
        for text in [
            "", "1-2-3", "3600001-7200000-1-x", "7200000-3600000-1-x", "0-99999999999999999-0-x", "-1-0-0-x", "a-b-c-d",
        ] {
            #expect(StatisticsCursor(text) == nil, "\(text)")
        }
    }

    @Test func `a place in the usage log comes back as it was, whatever its id`() {
        for id in ["0-01KAT5Q3Z8W6N4J2H0F9D7C5B3", "a b-c%/é&=", "-"] {
            let cursor = UsageLogCursor(startedAt: 1_795_392_000_000_123, requestID: id, attempt: 3)
            #expect(UsageLogCursor(cursor.text) == cursor)
            #expect(cursor.text.utf8.allSatisfy { (33...126).contains($0) })
        }
        for text in ["", "1-2", "x-1-a", "1-x-a", "1-99999999999-a", "1-1-%zz", "1-1-%00", "99999999999999999999-1-a"] {
            #expect(UsageLogCursor(text) == nil, "\(text)")
        }
    }
}
