import Shared

/// The routes that read the ledger, all by one pool.
struct LedgerRoutes: Sendable {
    let statistics: StatisticsRoutes
    let log: UsageLogRoutes
    let trail: TrailRoutes

    init(_ pool: PostgresPool, jobs: JobReader, clock: any WallClock) {
        let (zones, log) = (TimeZones(pool), UsageLog(pool, clock: clock))
        statistics = StatisticsRoutes(pool: pool, zones: zones, clock: clock)
        self.log = UsageLogRoutes(log: log, zones: zones)
        trail = TrailRoutes(jobs: jobs, log: log)
    }
}
