import Shared
import Testing

@Suite struct QuotaPeriodTests {
    /// Milliseconds since 1970 of a UTC time, by days since then.
    private func at(_ day: Int64, _ hour: Int64, _ minute: Int64 = 0) -> Int64 {
        (day * 24 + hour) * 3_600_000 + minute * 60_000
    }

    @Test func `a quota for good has no period`() {
        #expect(QuotaPeriod.total.start(at: 5, resetHour: 0, resetDay: 1) == nil)
        #expect(QuotaPeriod.total.end(at: 5, resetHour: 0, resetDay: 1) == nil)
    }

    @Test func `a day begins at the reset hour`() {
        // Midnight in Beijing is 16:00 UTC.
        #expect(QuotaPeriod.day.start(at: at(20_000, 15, 59), resetHour: 16, resetDay: 1) == at(19_999, 16))
        #expect(QuotaPeriod.day.start(at: at(20_000, 16), resetHour: 16, resetDay: 1) == at(20_000, 16))
        #expect(QuotaPeriod.day.end(at: at(20_000, 16), resetHour: 16, resetDay: 1) == at(20_001, 16))
    }

    /// 2024-01-01 is day 19,723, and 2024 is a leap year.
    @Test(
        arguments: [
            (19_723 + 30, 1, 19_723, 19_754), (19_723 + 31, 1, 19_754, 19_783), (19_723 + 59, 1, 19_754, 19_783),
            (19_723 + 13, 15, 19_706, 19_737), (19_723 + 14, 15, 19_737, 19_768), (19_723 + 58, 28, 19_781, 19_810),
            (19_723, 1, 19_723, 19_754), (19_722, 1, 19_692, 19_723),
        ] as [(Int64, Int, Int64, Int64)])
    func `a month begins on its reset day`(_ day: Int64, _ resetDay: Int, _ start: Int64, _ end: Int64) {
        #expect(QuotaPeriod.month.start(at: at(day, 12), resetHour: 0, resetDay: resetDay) == at(start, 0))
        #expect(QuotaPeriod.month.end(at: at(day, 12), resetHour: 0, resetDay: resetDay) == at(end, 0))
    }

    @Test func `periods follow one another without a hole`() throws {
        for period in [QuotaPeriod.day, .month] {
            var now = at(20_000, 3)
            for _ in 0..<40 {
                let end = try #require(period.end(at: now, resetHour: 5, resetDay: 28))
                #expect(period.start(at: end, resetHour: 5, resetDay: 28) == end)
                #expect(
                    period.start(at: end - 1, resetHour: 5, resetDay: 28)
                        == period.start(at: now, resetHour: 5, resetDay: 28))
                now = end
            }
        }
    }
}
