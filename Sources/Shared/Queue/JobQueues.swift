/// The queue's shards: each has a hash tag for all keys of its requests, and in a cluster perhaps its own server.
///
/// A request's id says which shard it is in. With one shard every id is in it, whatever it says.
package struct JobQueues: Sendable {
    /// By shard, at least one.
    package let all: [JobQueue]

    package init(_ all: [JobQueue]) {
        precondition(!all.isEmpty, "a queue has at least one shard")
        self.all = all
    }

    /// `nil` for the id of a shard that there is not.
    package func queue(of id: String) -> JobQueue? { shard(of: id).map { all[$0] } }

    func shard(of id: String) -> Int? {
        if all.count == 1 { return 0 }
        return JobID.shard(of: id).flatMap { all.indices.contains($0) ? $0 : nil }
    }

    /// The same for an id that is known to be of one of these shards.
    package subscript(id id: String) -> JobQueue { queue(of: id) ?? all[0] }

    /// The shard of an idempotent request: the same for every retry.
    package func queue(tenant: String, idempotencyKey: String) -> JobQueue {
        all[JobID.shard(tenant: tenant, idempotencyKey: idempotencyKey, of: all.count)]
    }

    /// For new requests: shards whose server is connected first, in no other order.
    package func shuffled() -> [JobQueue] {
        guard all.count > 1 else { return all }
        let mixed = all.shuffled()
        return mixed.filter(\.redis.isConnected) + mixed.filter { !$0.redis.isConnected }
    }
}
