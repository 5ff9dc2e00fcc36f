import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Takes over the jobs of dead workers.
///
/// In: entries whose holder has not renewed for a lease. Out: they run here, or end, as REAP decides. Recovery comes
/// before new work: it does not wait for free slots, but overdraws them, and claiming waits until that is paid back.
/// After a Redis start, or its own reconnect, it waits one lease: idle time kept counting while workers could not
/// renew.
struct Reaper: Service {
    let queue: JobQueue
    let reader: ClaimReader
    let pipeline: JobPipeline
    let slots: Slots
    let patience: ReapPatience
    let settings: ReapSettings
    /// Jobs of dead workers beyond `WORKER_CONCURRENCY`.
    let overdraft: Int
    let logger: Logger

    func run() async throws {
        await withDiscardingTaskGroup { group in
            var cursor = JobQueue.ReapCursor()
            while await Task.pause(forTurn: settings.interval) {
                for lane in Lane.allCases {
                    do { try await sweep(lane, &cursor, &group) } catch {
                        logger.debug("reaping failed", metadata: [LogKey.error: "\(error)"])
                    }
                }
            }
        }
    }

    /// Calls a round and lane at most: with REAP_BATCH 32 they look at 20,480 entries, what 40 full workers hold.
    private static let longestSweep = 64

    /// Takes expired entries until the lane has none left.
    ///
    /// The jobs that were taken are read and routed meanwhile.
    private func sweep(
        _ lane: Lane, _ cursor: inout JobQueue.ReapCursor, _ group: inout DiscardingTaskGroup
    ) async throws(RedisError) {
        for _ in 0..<Self.longestSweep {
            guard try await look(lane, &cursor, &group), !cursor.isAtEnd(of: lane) else { return }
        }
    }

    /// Returns `true` where there may be more to take, and slots to take it with.
    private func look(
        _ lane: Lane, _ cursor: inout JobQueue.ReapCursor, _ group: inout DiscardingTaskGroup
    ) async throws(RedisError) -> Bool {
        guard patience.mayReap else { return false }
        let taken = slots.take(upTo: settings.batch, overdraft: overdraft)
        guard taken > 0 else { return false }
        var entries: [JobQueue.Entry] = []
        defer { slots.giveBack(taken - entries.count) }
        entries = try await queue.takeExpired(lane: lane, worker: reader.worker, limit: taken, cursor: &cursor)
        for entry in entries { group.addTask { await reap(entry) } }
        return true
    }

    private func reap(_ entry: JobQueue.Entry) async {
        defer { slots.giveBack(1) }
        do {
            var entry = entry
            // REAP itself reads the true count from the pending list. Reading needs it for entries that end unrun.
            guard let deliveries = try await queue.deliveries(of: entry, worker: reader.worker) else { return }
            entry.deliveries = deliveries
            guard let claim = try await reader.read(entry) else { return }
            FaultPoint.reaping.reached()
            try await pipeline.takeOver(claim, enqueuedAt: entry.enqueuedAt)
        } catch {
            logger.error(
                "job left to the next reaper", metadata: [LogKey.entry: "\(entry.entry)", LogKey.error: "\(error)"])
        }
    }
}

/// Says when reaping is safe: one lease after this worker's connection to Redis came (back) up, and never without one.
///
/// A command that is sent without a connection waits for it, and would be the first over the new one. It would take
/// over jobs whose leases nobody could renew meanwhile.
final class ReapPatience: Sendable {
    private let state: Mutex<(isUp: Bool, notBefore: ContinuousClock.Instant)>

    init(isUp: Bool = true) { state = Mutex((isUp, .now)) }

    var mayReap: Bool { Ablation.reapPatience.isBroken || state.withLock { $0.isUp && $0.notBefore <= .now } }

    func connected(lease: Duration) { state.withLock { $0.notBefore = .now + lease } }

    func connection(isUp: Bool) { state.withLock { $0.isUp = isUp } }
}
