/// Names of everything the queue keeps in Redis.
///
/// The table in `docs/queue-protocol.md` says what each holds.
///
/// All keys of one request share the hash tag `{shard}`, so that every script is legal in Redis Cluster.
package struct QueueKeys: Sendable, Equatable {
    package static let group = "workers"
    package static let outboxGroup = "postgres"

    package let prefix: String
    package let shard: Int
    private let tagged: String

    package init(prefix: String = "ai_model_service:", shard: Int = 0) {
        self.prefix = prefix
        self.shard = shard
        self.tagged = "\(prefix){\(shard)}:"
    }

    package func queue(_ lane: Lane) -> String { tagged + "q:" + lane.rawValue }
    package func log(_ id: String) -> String { tagged + "log:" + id }
    /// The body of a request that is too large to travel inside its queue entry.
    package func request(_ id: String) -> String { tagged + "req:" + id }
    package func held(_ id: String) -> String { tagged + "held:" + id }
    /// Entries of a lane that wait in fair order.
    ///
    /// The order is made from `:flows` and `:state` behind it.
    package func order(_ lane: Lane) -> String { tagged + "order:" + lane.rawValue }
    /// The same for entries that wait for one set of accounts.
    package func room(_ name: String) -> String { tagged + "room:" + name }
    /// All rooms with waiters, by the time when capacity is expected.
    package var rooms: String { tagged + "rooms" }
    /// Everything that waits in fair order, by deadline.
    package var due: String { tagged + "due" }
    /// The order or room in which a request waits.
    package func wait(_ id: String) -> String { tagged + "wait:" + id }
    /// Prefix of every name of this shard, for scripts that find out only as they run which keys they need.
    package var shardPrefix: String { tagged }
    /// Never exists.
    ///
    /// A script that finds out only as it runs which keys it needs names it among its keys: while the slot moves to
    /// another node of a cluster, Redis then refuses it before it begins, and not in the middle.
    var never: String { tagged + "never" }
    package var delayed: String { tagged + "delayed" }
    package var dead: String { tagged + "dead" }
    package var usage: String { tagged + "usage" }
    /// In shard 0, once there is more than one: how many there ever were.
    var shards: String { tagged + "shards" }
    /// Heartbeats of the workers that serve this shard, by when they expire.
    package var workers: String { tagged + "workers" }
    /// Written to see how far replicas are.
    ///
    /// Expires after a second.
    var mark: String { tagged + "mark" }

    /// A kept answer, by its `CacheKey`.
    package func cached(_ key: String) -> String { tagged + "cache:" + key }
    /// Names of the kept answers, by when they expire.
    package var cacheIndex: String { tagged + "cache-index" }
    /// Bytes of all kept answers.
    package var cacheBytes: String { tagged + "cache-bytes" }

    /// For people: what a worker runs of this shard.
    package func workerStatus(_ worker: String) -> String { tagged + "worker:" + worker }
    package func workerChannel(_ worker: String) -> String { prefix + "worker:" + worker }
    package func shimChannel(_ shim: String) -> String { prefix + "shim:" + shim }
}
