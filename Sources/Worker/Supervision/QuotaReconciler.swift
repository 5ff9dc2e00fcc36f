import Logging
import Shared

/// Sets the counters of quotas from the ledger, and raises the alerts of those that run out.
///
/// In: accounts with a quota. Out: counters that follow the ledger. Hours that have settled are the ledger's alone,
/// younger ones count what was reserved. So nothing drifts for longer than two hours, and a Redis that forgot is filled
/// again.
struct QuotaReconciler: Sendable {
    let catalog: LiveCatalog
    let ledger: QuotaLedger
    let limiter: AccountLimiter
    let alerts: AlertStore
    /// For the share of a quota that is used.
    let rule: AlertRule
    let clock: any WallClock
    let logger: Logger

    /// Chosen: longer than an attempt and its way into the ledger take.
    private static let settling: Int64 = 15 * 60_000

    /// Measures all accounts, or with `onlyForgotten` those that Redis knows nothing of.
    func measure(onlyForgotten: Bool) async {
        for account in catalog.current.accounts {
            guard let limit = account.quotaLimit else { continue }
            do {
                if onlyForgotten, try await limiter.knowsQuota(account, now: clock.now) { continue }
                let used = try await set(account)
                if !onlyForgotten { try await tell(account, used: used, limit: limit) }
            } catch {
                logger.warning(
                    "a quota cannot be measured for now",
                    metadata: [LogKey.account: "\(account.id)", LogKey.error: "\(error)"])
            }
        }
        if !onlyForgotten { await clearOfUnlimited() }
    }

    /// A quota that was taken away is neither running out nor used up.
    private func clearOfUnlimited() async {
        let limited = Set(catalog.current.accounts.filter { $0.quotaLimit != nil }.map(\.id))
        do throws(PostgresError) {
            for kind in [AlertKind.quotaThreshold, .quotaExhausted] {
                for subject in try await alerts.openSubjects(of: kind) where !limited.contains(subject) {
                    try await alerts.clear(kind: kind, subject: subject)
                }
            }
        } catch {
            logger.debug("alerts of quotas are cleared later", metadata: [LogKey.error: "\(error)"])
        }
    }

    private func set(_ account: Account) async throws(RedisError) -> Int64 {
        let now = clock.now
        let start = account.period(at: now)?.start
        let first = (now - Self.settling) / 3_600_000
        let used: QuotaLedger.Used
        do throws(PostgresError) { used = try await ledger.used(account, start: start, first: first) } catch {
            // Without the ledger the catalogue's count is taken, where Redis has none at all.
            guard try await !limiter.knowsQuota(account, now: now) else {
                return try await limiter.quotaUsed(account, now: now)
            }
            used = QuotaLedger.Used(settled: start == nil ? account.quotaUsed : 0, hours: [:])
        }
        return try await limiter.setQuota(account, used, first: first, now: now)
    }

    private func tell(_ account: Account, used: Int64, limit: Int64) async throws {
        let share = limit > 0 ? Double(used) / Double(limit) : 1
        let details: JSON = ["used": .int(Int(used)), "limit": .int(Int(limit))]
        if share >= rule.threshold {
            // A quota of 1 may be overdrawn a billion times.
            let percent = Int(min(share * 100, 1e9).rounded(.down))
            let isNew = try await alerts.raise(
                kind: .quotaThreshold, subject: account.id, severity: .warning,
                message: "account \(account.id) has used \(percent) % of its quota", details: details)
            if isNew {
                logger.warning(
                    "quota is running out", metadata: [LogKey.account: "\(account.id)", LogKey.percent: "\(percent)"])
            }
        } else if share < rule.clear {
            try await alerts.clear(kind: .quotaThreshold, subject: account.id)
        }
        if share >= 1 {
            try await alerts.raise(
                kind: .quotaExhausted, subject: account.id, severity: .critical,
                message: "account \(account.id) has used up its quota", details: details)
        } else {
            try await alerts.clear(kind: .quotaExhausted, subject: account.id)
        }
    }
}
