import Logging
import ServiceLifecycle
import Shared
import Synchronization

/// Finds batches that nobody runs, runs them, and keeps them as this process' own.
///
/// Any number of processes may do so: a batch is claimed by one, and claimed anew where that one does not renew.
struct BatchService: Service {
    let parts: BatchParts

    /// Time between two looks for rows that are past their time.
    private static let cleaning = Duration.seconds(60)

    func run() async throws {
        let runners = Runners()
        await withDiscardingTaskGroup { group in
            var cleaned = ContinuousClock.now
            repeat {
                do throws(PostgresError) {
                    try await renew(runners)
                    if !runners.all.withLock({ $0.isEmpty }) { await parts.others.look() }
                    let end = ContinuousClock.now + parts.settings.lease
                    for batch in try await claim(runners) {
                        let runner = BatchRunner(batch, parts, until: end)
                        runners.all.withLock { $0[batch.id] = runner }
                        group.addTask {
                            await runner.run()
                            runners.all.withLock { $0[runner.id] = nil }
                        }
                    }
                    if ContinuousClock.now - cleaned >= Self.cleaning {
                        _ = try await parts.store.deleteExpired()
                        cleaned = .now
                    }
                } catch {
                    parts.logger.debug("batches cannot be looked for", metadata: [LogKey.error: "\(error)"])
                }
            } while await Task.pause(forTurn: parts.settings.poll)
            for runner in runners.all.withLock({ Array($0.values) }) { runner.stop() }
        }
    }

    private func renew(_ runners: Runners) async throws(PostgresError) {
        let mine = runners.all.withLock { $0 }
        guard !mine.isEmpty else { return }
        let end = ContinuousClock.now + parts.settings.lease
        let rows = try await parts.store.renew(mine.mapValues(\.claim), for: parts.settings.lease)
        var weights: [String: Int] = [:]
        for batch in rows { weights[batch.tenant, default: 0] += batch.options.priority }
        for batch in rows {
            guard let runner = mine[batch.id] else { continue }
            let part = Double(batch.options.priority) / Double(max(1, weights[batch.tenant] ?? 1))
            runner.state.withLock { $0.pace.part = part }
            await runner.renewed(batch, until: end)
        }
        let kept = Set(rows.map(\.id))
        for (id, runner) in mine where !kept.contains(id) { runner.stop() }
    }

    private func claim(_ runners: Runners) async throws(PostgresError) -> [Batch] {
        let room = parts.settings.mostBatches - runners.all.withLock { $0.count }
        guard room > 0 else { return [] }
        // A batch that this process has lost and claims anew must not be taken for the one before.
        let name = ProcessName.make(role: parts.hub.shim)
        return try await parts.store.claim(name, for: parts.settings.lease, limit: room)
    }
}

/// The batches that this process runs, by id.
private final class Runners: Sendable {
    let all = Mutex<[String: BatchRunner]>([:])
}
