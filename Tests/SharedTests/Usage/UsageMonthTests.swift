import Testing

@testable import Shared

@Suite struct UsageMonthTests {
    @Test(
        arguments: [
            (0, "usage_attempts_1970_01"), (1_798_761_599_999, "usage_attempts_2026_12"),
            (1_798_761_600_000, "usage_attempts_2027_01"),
        ] as [(Int64, String)]
    )
    func `a row belongs to the month of its start`(_ milliseconds: Int64, _ partition: String) {
        let month = UsageMonth(of: milliseconds)

        #expect(month.partition == partition)
        #expect(UsageMonth(partition: partition) == month)
    }

    @Test func `months are counted over the end of a year`() throws {
        let december = try #require(UsageMonth(partition: "usage_attempts_2026_12"))

        #expect(december.next.partition == "usage_attempts_2027_01")
        #expect((december - 12).partition == "usage_attempts_2025_12")
        #expect(december - 1 < december && december.next.start == "2027-01-01 00:00:00+00")
    }

    @Test(arguments: [
        "", "usage_attempts", "usage_attempts_2026", "usage_attempts_2026_13", "usage_attempts_2026_1",
        "usage_attempts_2026_01_detached_1", "usage_hourlyxx_2026_01", "usage_attempts_+026_01",
    ])
    func `other tables are no month`(_ name: String) { #expect(UsageMonth(partition: name) == nil) }
}
