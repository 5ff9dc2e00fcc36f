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
            group.addTask { await makeRoom(runners) }
            group.addTask { await clean() }
            repeat {
                do throws(PostgresError) {
                    try await renew(runners)
                    while let runner = try await claim(runners) {
                        runners.add(runner)
                        group.addTask {
                            await runner.run()
                            runners.remove(runner)
                        }
                    }
                } catch {
                    parts.logger.debug("batches cannot be looked for", metadata: [LogKey.error: "\(error)"])
                }
                if !runners.isEmpty { await parts.others.look() }
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
            runner.renewed(batch, until: end)
        }
        let kept = Set(rows.map(\.id))
        for (id, runner) in mine where !kept.contains(id) { runner.stop() }
    }

    /// Claims one batch, of a tenant that has not half of this process' places.
    private func claim(_ runners: Runners) async throws(PostgresError) -> BatchRunner? {
        let tenants = runners.all.withLock { $0.values.map(\.batch.tenant) }
        guard tenants.count < parts.settings.mostBatches, !Task.isShuttingDownGracefully else { return nil }
        let most = max(1, parts.settings.mostBatches / 2)
        let full = Dictionary(grouping: tenants) { $0 }.filter { $0.value.count >= most }.map(\.key)
        let end = ContinuousClock.now + parts.settings.lease
        // A batch that this process has lost and claims anew must not be taken for the one before.
        let name = ProcessName.make(role: parts.hub.shim)
        guard let batch = try await parts.store.claim(name, for: parts.settings.lease, without: full) else {
            return nil
        }
        return BatchRunner(batch, parts, until: end)
    }

    private func clean() async {
        let cleaning = BatchCleaning(pool: parts.store.pool)
        while await Task.pause(forTurn: Self.cleaning) {
            do throws(PostgresError) {
                while try await cleaning.slice() > 0, !Task.isShuttingDownGracefully {}
            } catch {
                parts.logger.debug("old batches cannot be deleted", metadata: [LogKey.error: "\(error)"])
            }
        }
    }
}

/// The batches that this process runs, by id.
final class Runners: Sendable {
    let all = Mutex<[String: BatchRunner]>([:])

    var isEmpty: Bool { all.withLock { $0.isEmpty } }

    /// Stops an earlier runner of the same batch, which this process has lost.
    func add(_ runner: BatchRunner) { all.withLock { $0.updateValue(runner, forKey: runner.id) }?.stop() }

    func remove(_ runner: BatchRunner) {
        all.withLock { runners in
            if runners[runner.id] === runner { runners[runner.id] = nil }
        }
    }
}
