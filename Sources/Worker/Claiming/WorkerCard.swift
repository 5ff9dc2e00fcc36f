import Shared

#if canImport(Glibc)
    import Glibc
#endif

/// The name of this worker process and its card in Redis: for people to look at, never for correctness.
struct WorkerCard: Sendable {
    /// `host-pid-8 random hex digits`, new at every start: a restarted worker is another one.
    let name: String
    let redis: RedisClient
    let keys: QueueKeys
    let lease: Duration

    static func makeName() -> String {
        var host = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&host, host.count - 1)
        let end = host.firstIndex(of: 0) ?? host.endIndex
        let text = String(decoding: host[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let random = String(UInt32.random(in: .min ... .max), radix: 16)
        return "\(text)-\(getpid())-" + String(repeating: "0", count: 8 - random.count) + random
    }

    func show(jobs: Int) async throws(RedisError) {
        _ = try await redis.send(
            RedisCommand("SET", .string(keys.workerCard(name)), "jobs=\(jobs)", "PX", .int(lease.milliseconds)))
    }

    func remove() async throws(RedisError) {
        _ = try await redis.send(RedisCommand("DEL", .string(keys.workerCard(name))))
    }
}
