extension Account {
    /// The current period of its quota, in milliseconds since 1970, or `nil` where the quota is for good.
    package func period(at now: Int64) -> (start: Int64, end: Int64)? {
        guard let start = quotaPeriod.start(at: now, resetHour: quotaResetHour, resetDay: quotaResetDay),
            let end = quotaPeriod.end(at: now, resetHour: quotaResetHour, resetDay: quotaResetDay)
        else { return nil }
        return (start, end)
    }
}
