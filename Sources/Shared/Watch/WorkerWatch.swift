import Synchronization

/// Looks whether workers are alive, and which of them are gone without a goodbye.
///
/// In: heartbeats and cards. Out: readings for `AlertEvaluator`. Shims look, too, because no worker that died can tell.
package final class WorkerWatch: Sendable {
    private let queues: [JobQueue]
    private let settings: AlertSettings
    private let roll: Mutex<WorkerRoll>

    package init(_ queues: [JobQueue], _ settings: AlertSettings) {
        (self.queues, self.settings) = (queues, settings)
        roll = Mutex(WorkerRoll(lease: queues.first?.limits.lease ?? .zero))
    }

    package var checks: [AlertCheck] {
        [
            AlertCheck(.noWorker, .whileFound(for: settings.noWorkerAfter)) { _ in await self.absence() },
            AlertCheck(.workerLost, .whileFound()) { open in await self.losses(open) },
        ]
    }

    /// By shard, since one that nobody serves keeps its requests waiting.
    private func absence() async -> [AlertReading]? {
        var readings: [AlertReading] = []
        for queue in queues {
            // Nobody waits here for a connection: the other conditions are looked at, too.
            guard queue.redis.isConnected else { return nil }
            do throws(RedisError) {
                guard try await queue.liveWorkers() == 0 else { continue }
            } catch { return nil }
            let subject = queues.count == 1 ? "workers" : "shard \(queue.keys.shard)"
            readings.append(AlertReading(subject, "no worker is alive: requests are taken and wait"))
        }
        return readings
    }

    /// Workers that were lost, until as many are alive as before.
    private func losses(_ open: [OpenAlert]) async -> [AlertReading]? {
        guard let queue = queues.first else { return [] }
        guard queue.redis.isConnected else {
            roll.withLock { $0.forget() }
            return nil
        }
        do throws(RedisError) {
            let (expiries, now) = try await queue.heartbeats()
            let missing = roll.withLock { $0.look(expiries, now: now, at: .now, patience: settings.patience) }
            let lost = missing.isEmpty ? [] : try await unexcused(missing, queue)
            let found = lost.map { Self.reading($0, aliveBefore: expiries.count + lost.count - $0.newcomers) }
            return found
                + open.filter { isStillLost($0, alive: Set(expiries.keys), lost: lost) }
                .map { AlertReading($0.subject, $0.message, details: $0.details) }
        } catch {
            roll.withLock { $0.forget() }
            return nil
        }
    }

    /// Those that did not leave in good order.
    private func unexcused(
        _ missing: [WorkerRoll.Missing], _ queue: JobQueue
    ) async throws(RedisError) -> [WorkerRoll.Missing] {
        let cards = try await queue.cards(of: missing.map(\.name))
        return zip(missing, cards).filter { !$1.hasLeft }.map(\.0)
    }

    private func isStillLost(_ alert: OpenAlert, alive: Set<String>, lost: [WorkerRoll.Missing]) -> Bool {
        // It slept and woke, or others have taken its place.
        if alive.contains(alert.subject) || lost.contains(where: { $0.name == alert.subject }) { return false }
        let before = alert.details["alive_before"]?.count ?? 0
        return alive.count < before && alert.age < settings.workerLostFor
    }

    private static func reading(_ worker: WorkerRoll.Missing, aliveBefore: Int) -> AlertReading {
        AlertReading(
            worker.name,
            "worker \(worker.name) died: its heartbeat has expired, and other workers take its requests over",
            details: ["alive_before": .int(aliveBefore)])
    }
}
