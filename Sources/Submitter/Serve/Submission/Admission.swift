import HTTPTypes
import Shared

/// Decides whether the queue takes a new request (pure).
///
/// In: gauges of the queue, a second old. Out: nothing, or the 503 to answer with. Without gauges the request is taken,
/// because the submission itself finds out if Redis is away.
struct Admission: Sendable {
    struct Limits: Sendable, Equatable {
        /// Requests waiting in one lane.
        ///
        /// Chosen: at 100 jobs a second a quarter of an hour, far past most deadlines.
        var maxWaiting = 100_000
        /// Usage rows that PostgreSQL has not taken.
        ///
        /// Chosen: new work is refused rather than billing lost.
        var maxOutbox = 1_000_000
        /// Share of `maxmemory` in use.
        ///
        /// Chosen: 80 %, so that running requests can still be finished.
        var memoryShare = 0.8
        /// Bytes of Redis' memory, beside the share, or 0 for the share alone.
        var maxRedisBytes = 0

        init() {}

        init(_ settings: inout Settings) {
            maxWaiting = settings.int(
                "QUEUE_MAX", default: maxWaiting, in: 1...100_000_000, "Requests that may wait in one lane; then 503.")
            maxOutbox = settings.int(
                "OUTBOX_MAX", default: maxOutbox, in: 1...100_000_000,
                "Usage rows that may wait for PostgreSQL; then new work is refused.")
            memoryShare = settings.number(
                "REDIS_MEMORY_SHARE", default: memoryShare, in: 0.1...1,
                "Share of Redis' `maxmemory`, or of its host's memory without one, from which on new work is refused.")
            maxRedisBytes = settings.int(
                "QUEUE_MAX_BYTES", default: maxRedisBytes, in: 0...(1 << 50),
                "Memory of Redis in bytes from which on new work is refused, beside that share; 0: the share alone.")
        }
    }

    struct Gauges: Sendable, Equatable {
        var waiting: [Lane: Int] = [:]
        var outbox = 0
        var usedMemory = 0
        /// 0 for no limit.
        var maxMemory = 0
        /// Memory of the host that Redis runs on, or 0 where Redis does not say.
        var hostMemory = 0
        var evicts = false
        var workers = 0
        /// `nil` until it was asked for.
        var durability: RedisDurability?

        /// 0 where it is not known.
        var memoryBound: Int { maxMemory > 0 ? maxMemory : hostMemory }
    }

    let limits: Limits

    func refusal(_ gauges: Gauges?, lane: Lane) -> APIError? {
        guard let gauges else { return nil }
        if gauges.waiting[lane, default: 0] >= limits.maxWaiting { return Self.full("too many requests are waiting") }
        if gauges.outbox >= limits.maxOutbox { return Self.full("too many usage records are waiting") }
        let bound = gauges.memoryBound
        if bound > 0, Double(gauges.usedMemory) >= limits.memoryShare * Double(bound) {
            return Self.full("its memory is nearly used up")
        }
        if limits.maxRedisBytes > 0, gauges.usedMemory >= limits.maxRedisBytes {
            return Self.full("Redis holds \(limits.maxRedisBytes) bytes (QUEUE_MAX_BYTES)")
        }
        return nil
    }

    private static func full(_ why: String) -> APIError {
        APIError(
            .serviceUnavailable, .server, code: "queue_full", "The queue takes no new requests: \(why).",
            retryAfter: .seconds(5))
    }
}
