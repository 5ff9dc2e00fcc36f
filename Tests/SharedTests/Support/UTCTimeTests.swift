import Testing

@testable import Shared

@Suite struct UTCTimeTests {
    @Test(arguments: [
        (0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (11_017, "2000-03-01"),
        (20_454, "2026-01-01"), (47_540, "2100-02-28"), (47_541, "2100-03-01"), (-135_081, "1600-02-29"),
    ])
    func `days since 1970 are dates, and dates are days`(_ days: Int, _ text: String) {
        let date = CivilDate(daysSince1970: days)

        #expect("\(date)" == text)
        #expect(date.daysSince1970 == days)
    }

    @Test func `every day of eight centuries has a date of its own`() {
        for days in -146_097...146_097 { #expect(CivilDate(daysSince1970: days).daysSince1970 == days) }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (1_763_855_999, "2025-11-22T23:59:59Z"),
    ])
    func `seconds are read as well`(_ seconds: Int64, _ text: String) {
        #expect(UTCTime(secondsSince1970: seconds).dateAndTime == text)
    }

    @Test func `every number of either unit is a moment`() {
        #expect(UTCTime(millisecondsSince1970: .max).dateAndTimeWithMilliseconds == "292278994-08-17T07:12:55.807Z")
        #expect(UTCTime(millisecondsSince1970: .min).dateAndTimeWithMilliseconds == "-292275055-05-16T16:47:04.192Z")
        #expect(UTCTime(secondsSince1970: .max).time == "15:30:07")
        #expect(UTCTime(secondsSince1970: .min).time == "08:29:52")
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (1_763_855_999_042, "2025-11-22T23:59:59.042Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `a moment is written in RFC 3339`(_ milliseconds: Int64, _ text: String) {
        let moment = UTCTime(millisecondsSince1970: milliseconds)

        #expect(moment.dateAndTimeWithMilliseconds == text)
        #expect(moment.dateAndTime == text.prefix(19) + "Z")
    }
}
