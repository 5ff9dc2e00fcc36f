import Logging
import ServiceLifecycle
import Shared

/// The claim loop: as many jobs at once as there are slots, never more.
///
/// In: entries of the three lanes, in weighted order. Each claimed entry becomes one child task that runs the pipeline.
/// Ends on graceful shutdown: it stops claiming, lets jobs run for `drainTimeout`, then interrupts what is left, which
/// puts unshown jobs back and ends shown ones with `worker_shutdown`. Redis failures are waited out here.
struct ClaimService: Service {
    let queue: JobQueue
    /// A connection of its own, since it blocks.
    let blocking: RedisClient
    let runner: EntryRunner
    let slots: Slots
    let running: RunningJobs
    let configuration: WorkerConfig
    let readiness: Readiness
    let logger: Logger

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

    private func claimUntilShutdown(_ group: inout DiscardingTaskGroup) async {
        var order = LaneOrder(weights: configuration.laneWeights)
        while true {
            await slots.waitForFree()
            guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
            do {
                let free = slots.take(upTo: configuration.claimBatch)
                var entries: [JobQueue.Entry] = []
                defer { slots.giveBack(free - entries.count) }
                entries = try await claim(free, &order)
                for entry in entries { group.addTask { await runner.run(entry) } }
            } catch {
                await recover(from: error)
            }
        }
    }

    /// What is there, in weighted order; or else waits for the next entry.
    private func claim(_ free: Int, _ order: inout LaneOrder) async throws(RedisError) -> [JobQueue.Entry] {
        let found = try await queue.claim(worker: runner.reader.worker, free: free, shares: order.next(free: free))
        guard found.isEmpty else { return found }
        // A blocking read takes up to one entry per lane, so it needs a slot for each.
        guard free >= Lane.allCases.count else {
            await pause(configuration.claimPoll)
            return []
        }
        return try await queue.awaitWork(worker: runner.reader.worker, block: configuration.claimBlock, on: blocking)
    }

    private func drain() async {
        guard slots.inUse > 0 else { return }
        logger.info("draining", metadata: ["jobs": "\(slots.inUse)"])
        let deadline = ContinuousClock.now + configuration.drainTimeout
        while slots.inUse > 0, ContinuousClock.now < deadline, !Task.isCancelled { await pause(.milliseconds(50)) }
        running.interruptAll(.shutdown)
    }

    private func recover(from error: RedisError) async {
        if error.prefix == "NOGROUP" {
            logger.warning("consumer groups are gone, making them again")
            do { return try await queue.createGroups() } catch {
                logger.warning("no groups", metadata: ["error": "\(error)"])
            }
        } else if !error.isTransient {
            logger.error("claiming failed", metadata: ["error": "\(error)"])
        }
        await pause(.milliseconds(200))
    }

    private func pause(_ duration: Duration) async {
        // A cancelled pause is a short pause; the loops above look at cancellation themselves.
        _ = try? await Task.sleep(for: duration)
    }
}
