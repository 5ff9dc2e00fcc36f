import Testing

@testable import Submitter

/// The tables that answer a question: pure rules.
@Suite struct StatisticsPlanTests {
    private static let hour = StatisticsWindow.hour
    private static let day = StatisticsWindow.day

    private func plan(
        _ since: Int64, _ until: Int64, _ dimensions: Set<StatisticsDimension> = [.model], needsHours: Bool = false
    ) -> [String] {
        let window = StatisticsWindow(since: since, until: until)
        return StatisticsPlan(window, dimensions: dimensions, needsHours: needsHours).parts.map {
            "\($0.table.rawValue) \($0.since / Self.hour) \($0.until / Self.hour)"
        }
    }

    @Test func `a window is widened to whole hours`() {
        let window = StatisticsWindow(since: Self.hour + 1, until: 2 * Self.hour + 1)

        #expect(window.since == Self.hour && window.until == 3 * Self.hour)
        #expect(StatisticsWindow(since: Self.hour, until: 2 * Self.hour).until == 2 * Self.hour)
        #expect(StatisticsWindow(since: .min, until: .max).since == 0)
    }

    @Test func `whole days are read as days, and the hours around them as hours`() {
        #expect(
            plan(15 * Self.hour, 9 * Self.day + 3 * Self.hour) == [
                "usage_routes_hourly 15 24", "usage_routes_daily 24 216", "usage_routes_hourly 216 219",
            ])
        #expect(plan(Self.day, 3 * Self.day) == ["usage_routes_daily 24 72"])
        #expect(plan(Self.day, 2 * Self.day + 1) == ["usage_routes_daily 24 48", "usage_routes_hourly 48 49"])
    }

    @Test func `less than a day between two midnights is read as hours`() {
        #expect(plan(20 * Self.hour, 28 * Self.hour) == ["usage_routes_hourly 20 28"])
        #expect(plan(20 * Self.hour, 47 * Self.hour) == ["usage_routes_hourly 20 47"])
    }

    @Test func `groups that need hours read hours alone`() {
        #expect(plan(0, 3 * Self.day, needsHours: true) == ["usage_routes_hourly 0 72"])
    }

    @Test(arguments: [StatisticsDimension.user, .tenant])
    func `only what is grouped or filtered by user or tenant reads the larger tables`(_ dimension: StatisticsDimension)
    {
        #expect(plan(0, Self.day, [.model, dimension]) == ["usage_users_daily 0 24"])
        #expect(plan(0, Self.hour, [dimension]) == ["usage_users_hourly 0 1"])
        #expect(plan(0, Self.hour, Set(StatisticsDimension.allCases.filter { !$0.isOfUsers })).count == 1)
    }
}
