import Logging
import ServiceLifecycle
import Shared

/// Claims entries: as many jobs at once as there are slots, never more.
///
/// In: entries of the three lanes, in weighted order. Each claimed entry becomes one child task that runs the pipeline.
/// Ends on graceful shutdown: it stops claiming, lets jobs run for `drainTimeout`, then cancels what is left, which
/// puts unshown jobs back and ends shown ones with `worker_shutdown`. Redis failures are waited out here.
struct ClaimService: Service {
    let queue: JobQueue
    /// A connection of its own, since it blocks.
    let blocking: RedisClient
    let runner: ClaimRunner
    let slots: Slots
    let rooms: WaitingRooms
    let running: RunningJobs
    let settings: ClaimSettings
    /// Time that running jobs have after shutdown was asked for.
    let drainTimeout: Duration
    let readiness: Readiness
    let logger: Logger
    /// Number of claim loops that share the slots.
    var shards = 1
    var gate = ClaimGate()

    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                await claimUntilShutdown(&group)
                await drain()
            }
        } onGracefulShutdown: {
            readiness.stop()
            slots.close()
        }
        logger.info("drained")
    }

    /// Short, so that shutdown is noticed meanwhile.
    private static let restrained = Duration.milliseconds(50)

    private func claimUntilShutdown(_ group: inout DiscardingTaskGroup) async {
        var order = LaneOrder(weights: settings.laneWeights)
        var quiet = Quiet()
        while true {
            await slots.waitForFree()
            guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
            guard !gate.isClosed else {
                await pause(Self.restrained)
                continue
            }
            // Keeps one slot free for requests that wait for capacity.
            let free = slots.take(upTo: settings.batch, leaving: rooms.hasAny ? 1 : 0)
            guard free > 0 else {
                await pause(settings.poll)
                continue
            }
            do {
                if quiet.isLikely {
                    slots.giveBack(free)
                } else {
                    quiet = Quiet()
                    guard try await claimed(free, &order, &group) == 0 else { continue }
                }
                quiet.lastWait = try await wait(&group)
            } catch {
                quiet.lastWait = nil
                await recover(from: error)
            }
        }
    }

    /// Tells when the lanes are likely to be empty, so that a worker waits for the next entry without a look before.
    ///
    /// The wait sees no entries that CLAIM has sorted, here or in another worker, so a look stays due every 50 ms, and
    /// after each look that has found something.
    private struct Quiet {
        /// When CLAIM found nothing the last time.
        private let looked = ContinuousClock.now
        /// Time that the last entry was waited for, or `nil` where none came.
        var lastWait: Duration?

        /// Chosen: as long as a caller may wait for the entries that others have sorted.
        private static let longest = Duration.milliseconds(50)
        /// Chosen: an entry that was there at once comes sooner, also over a network and a busy loop.
        private static let roundTrip = Duration.milliseconds(5)

        var isLikely: Bool {
            guard let lastWait else { return false }
            return lastWait > Self.roundTrip && ContinuousClock.now - looked < Self.longest
        }
    }

    /// Claims what is there, in weighted order, and returns how many entries.
    ///
    /// Unused slots are given back.
    private func claimed(
        _ free: Int, _ order: inout LaneOrder, _ group: inout DiscardingTaskGroup
    ) async throws(RedisError) -> Int {
        var entries: [JobQueue.Entry] = []
        defer { slots.giveBack(free - entries.count) }
        let (shares, room) = (order.next(free: free), slots.batchRoom)
        if room >= free {
            entries = try await claim(free, shares)
        } else {
            entries = try await claim(free, shares.filter { $0.lane != .batch })
            // What nobody else wants.
            if entries.isEmpty, room > 0 { entries = try await claim(room, shares.filter { $0.lane == .batch }) }
        }
        await begin(entries, &group)
        return entries.count
    }

    private func claim(
        _ free: Int, _ shares: [(lane: Lane, share: Int)]
    ) async throws(RedisError) -> [JobQueue.Entry] {
        try await queue.claim(worker: runner.reader.worker, free: free, shares: shares)
    }

    /// Waits for the next entry inside Redis, which may bring one per lane.
    ///
    /// Takes no more slots than that, since rooms and the reaper need theirs meanwhile. Returns the time that it waited
    /// for an entry, or `nil` where none came.
    private func wait(_ group: inout DiscardingTaskGroup) async throws(RedisError) -> Duration? {
        let free = mayBlock ? slots.take(upTo: Lane.allCases.count) : 0
        guard free == Lane.allCases.count else {
            slots.giveBack(free)
            await pause(settings.poll)
            return nil
        }
        let began = ContinuousClock.now
        // The end of a job of the `batch` lane, which makes room for the next, ends no wait inside Redis.
        let hasBatchRoom = slots.batchRoom > 0
        var entries: [JobQueue.Entry] = []
        defer { slots.giveBack(free - entries.count) }
        entries = try await queue.awaitWork(
            worker: runner.reader.worker, block: hasBatchRoom ? settings.block : settings.poll,
            lanes: Lane.allCases.filter { hasBatchRoom || $0 != .batch }, on: blocking)
        let waited = ContinuousClock.now - began
        await begin(entries, &group)
        return entries.isEmpty ? nil : waited
    }

    /// Lets the jobs send their starts before the next claim is sent: Redis then wakes once for both, and starts first.
    private func begin(_ entries: [JobQueue.Entry], _ group: inout DiscardingTaskGroup) async {
        guard !entries.isEmpty else { return }
        for entry in entries {
            slots.began(entry.lane)
            group.addTask { await runner.run(entry) }
        }
        await Task.yield()
    }

    /// Idle shards must not hold the slots that a busy one needs: all of them together hold at most half.
    private var mayBlock: Bool { shards == 1 || 2 * shards * Lane.allCases.count <= slots.total }

    private func drain() async {
        guard slots.inUse > 0 else { return }
        logger.info("draining", metadata: [LogKey.jobs: "\(slots.inUse)"])
        let deadline = ContinuousClock.now + drainTimeout
        while slots.inUse > 0, ContinuousClock.now < deadline, !Task.isCancelled { await pause(.milliseconds(50)) }
        running.cancelAll(.shutdown)
    }

    private func recover(from error: RedisError) async {
        if error.prefix == "NOGROUP" {
            logger.warning("consumer groups are gone, making them again")
            do { return try await queue.createGroups() } catch {
                logger.warning("no groups", metadata: [LogKey.error: "\(error)"])
            }
        } else if !error.isTransient {
            logger.error("claiming failed", metadata: [LogKey.error: "\(error)"])
        }
        await pause(.milliseconds(200))
    }

    private func pause(_ duration: Duration) async {
        // A cancelled pause is a short pause. The loops above look at cancellation themselves.
        _ = try? await EventLoopTimer.sleep(for: duration)
    }
}
