import Shared
import Synchronization

/// Asks PostgreSQL, which also groups by them, for time zones and for moments in them.
final class TimeZones: Sendable {
    private let pool: PostgresPool
    /// Zones that exist, by their names in small letters: looking one up reads hundreds of files.
    private let known = Mutex<[String: String]>([:])

    init(_ pool: PostgresPool) { self.pool = pool }

    /// The zone as IANA spells it.
    ///
    /// Throws `StatisticsError` for one that does not exist.
    func known(_ zone: StatisticsZone, field: String) async throws -> StatisticsZone {
        guard case .named(let name) = zone else { return zone }
        let key = name.lowercased()
        if let name = known.withLock({ $0[key] }) { return .named(name) }
        let row = try await pool.query(
            "SELECT name FROM pg_timezone_names WHERE lower(name) = $1 AND name NOT LIKE 'posix%'", [.text(key)]
        ).first
        guard let found: String = try row?.required("name") else {
            throw StatisticsError(field, expected: StatisticsZone.expected)
        }
        known.withLock { $0[key] = found }
        return .named(found)
    }

    /// Milliseconds since 1970.
    func moment(_ time: LocalTime, in zone: StatisticsZone) async throws(PostgresError) -> Int64 {
        if let moment = time.moment(in: zone) { return moment }
        let row = try await pool.query(
            "SELECT (extract(epoch FROM $1::timestamp AT TIME ZONE $2) * 1000)::bigint AS moment",
            [.text(time.sql), .text(zone.sql)]
        ).first
        return try row?.required("moment") ?? time.milliseconds
    }

    /// The window of a period, `now` being in milliseconds since 1970.
    ///
    /// Throws `StatisticsError` for a period that is empty or too long.
    func window(_ period: StatisticsPeriod, in zone: StatisticsZone, now: Int64) async throws -> StatisticsWindow {
        let (since, until): (Int64, Int64)
        switch period {
        case .last(let length): (since, until) = (max(0, now - length), now)
        case .between(let from, let to):
            since = try await moment(from, in: zone)
            if let to { until = try await moment(to, in: zone) } else { until = now }
        }
        guard since < until, until - since <= StatisticsPeriod.longest else {
            throw StatisticsError("period", expected: StatisticsPeriod.expected)
        }
        return StatisticsWindow(since: since, until: until)
    }
}
