import Shared

/// Chooses the tables of sums that answer a question, and the times that are read of each (pure).
///
/// 1. Tables without tenant and user, unless one of these is grouped or filtered by.
/// 2. Whole days in UTC from the table of days, and the hours before and after them from that of hours. Groups of
///    hours, and of days in another zone, need hours throughout.
struct StatisticsPlan: Sendable, Equatable {
    enum Table: String, Sendable {
        case usersHourly = "usage_users_hourly"
        case usersDaily = "usage_users_daily"
        case routesHourly = "usage_routes_hourly"
        case routesDaily = "usage_routes_daily"

        var isDaily: Bool { self == .usersDaily || self == .routesDaily }
    }

    /// Milliseconds since 1970, `until` not being part of it.
    struct Part: Sendable, Equatable {
        let table: Table
        let since: Int64
        let until: Int64
    }

    /// In the order of their times; at least one.
    let parts: [Part]

    init(_ window: StatisticsWindow, dimensions: Set<StatisticsDimension>, needsHours: Bool) {
        let isOfUsers = dimensions.contains(where: \.isOfUsers)
        let (hourly, daily): (Table, Table) =
            isOfUsers ? (.usersHourly, .usersDaily) : (.routesHourly, .routesDaily)
        let day = StatisticsWindow.day
        let (first, last) = ((window.since + day - 1) / day * day, window.until / day * day)
        guard !needsHours, first < last else {
            parts = [Part(table: hourly, since: window.since, until: window.until)]
            return
        }
        parts = [
            Part(table: hourly, since: window.since, until: first), Part(table: daily, since: first, until: last),
            Part(table: hourly, since: last, until: window.until),
        ].filter { $0.since < $0.until }
    }
}
