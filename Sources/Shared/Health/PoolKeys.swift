/// Names of what workers share about accounts in Redis.
///
/// All carry one hash tag, so that one script can choose among all accounts, also in Redis Cluster.
package struct PoolKeys: Sendable, Equatable {
    /// Requests and tokens of the minute are counted in steps of this width: 240 numbers an account at most, and 0.4 %
    /// of the minute given away.
    package static let bucketMilliseconds: Int64 = 250

    package let prefix: String

    package init(prefix: String) { self.prefix = prefix }

    /// Prefix of every key below, from which scripts derive the keys of the accounts they are given.
    package var base: String { "\(prefix){accounts}:" }

    /// Hash: `RouteKey.text` → version, blank, `RouteHealth` as JSON.
    package var health: String { base + "health" }
    /// Zset: reservation → when it ends without renewal, milliseconds since 1970.
    package func slots(_ account: String) -> String { base + "slots:" + account }
    /// Hash of sums and buckets of the sliding minute.
    package func window(_ account: String) -> String { base + "window:" + account }
    /// Hash of tokens used in the quota's period.
    package func quota(_ account: String) -> String { base + "quota:" + account }
    /// Changes of `health` are published here.
    package var healthChannel: String { prefix + "health" }
    /// String: the worker that probes, measures quotas and raises alerts.
    package var leader: String { base + "leader" }
    /// String: the process that tells of PostgreSQL's outage, then `told`.
    package var outage: String { base + "outage" }
    /// String: the budgets that are used up (`SpentBudgets`).
    package var budgets: String { base + "budgets" }
    /// The same is published here when it changes.
    package var budgetChannel: String { prefix + "budgets" }
    /// List of accounts to be tried (`AccountPings`).
    package var pings: String { base + "pings" }
    /// List of one answer.
    package func pong(_ id: String) -> String { base + "pong:" + id }
}
