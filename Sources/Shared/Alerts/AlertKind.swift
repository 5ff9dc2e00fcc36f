/// The conditions that people should know of.
///
/// Raw values are wire names.
package enum AlertKind: String, Sendable, CaseIterable {
    // About an account, by its id.
    case accountDisabled = "account_disabled"
    /// The platform says that the account has no money left.
    case accountUnpaid = "account_unpaid"
    case quotaThreshold = "quota_threshold"
    case quotaExhausted = "quota_exhausted"
    // About a route: `account/model`, or an account as a whole.
    case circuitOpen = "circuit_open"
    case healthLow = "health_low"
    // About the requests of all callers.
    /// Requests of one lane end with errors that are no caller's fault. The subject is `requests`.
    case errorRate = "error_rate"
    /// Requests of a lane wait for an account.
    case noCapacity = "no_capacity"
    /// Requests of a lane wait for a worker.
    case queueAge = "queue_age"
    /// Requests or ledger rows that became dead letters, and that nobody has looked after. The subject is `queue`.
    case deadLetters = "dead_letters"
    // About our own processes and servers.
    /// The subject is `workers`, or `shard 1` where there are several.
    case noWorker = "no_worker"
    /// About one worker, by its name.
    case workerLost = "worker_lost"
    /// The subject is `redis`, or `shard 1` where there are several.
    case redisUnreachable = "redis_unreachable"
    /// The subject is `postgres`. It is stored once PostgreSQL is back.
    case postgresUnreachable = "postgres_unreachable"
    /// The soft or the hard amount of a budget was reached.
    ///
    /// The subject is its id with `/soft` or `/hard`.
    case budget

    package var severity: AlertSeverity {
        switch self {
        case .accountDisabled, .accountUnpaid, .quotaExhausted, .noWorker, .redisUnreachable, .postgresUnreachable:
            .critical
        case .quotaThreshold, .circuitOpen, .healthLow, .errorRate, .noCapacity, .queueAge, .deadLetters, .workerLost,
            .budget:
            .warning
        }
    }
}

package enum AlertSeverity: String, Sendable, CaseIterable { case warning, critical }
