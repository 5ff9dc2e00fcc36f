import Shared
import TestSupport

@testable import Worker

/// One worker's own parts: what it runs, which accounts it leaves alone, its name in the queue.
struct PipelineWorker: Sendable {
    let name: String
    let queue: QueueFixture
    let reader: EntryReader
    let pipeline: JobPipeline
    let running = RunningJobs()
    let cooldowns: AccountCooldowns

    init(_ name: String, _ fixture: PipelineFixture) throws {
        self.name = name
        queue = fixture.queue
        cooldowns = AccountCooldowns(times: fixture.configuration.cooldowns)
        let configuration = fixture.configuration
        // Never run, so never connected: the snapshot is all the catalogue there is.
        let store = CatalogStore(try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none")))
        let catalog = CatalogCache(
            fixture.catalog, store: store, interval: .seconds(3600), logger: PipelineFixture.silent)
        reader = EntryReader(queue: queue.queue, worker: name, logger: PipelineFixture.silent)
        pipeline = JobPipeline(
            queue: queue.queue,
            router: Router(
                queue: queue.queue, catalog: catalog, cooldowns: cooldowns, defaultStrategy: configuration.routing),
            platforms: PlatformCaller(
                http: fixture.http, credentials: AccountCredentials(box: nil), tokens: AccountTokens(),
                clocks: PlatformClocks(), timeouts: configuration.timeouts,
                maxAnswerBytes: configuration.maxAnswerBytes, clock: SystemWallClock()),
            policy: configuration.policy, cooldowns: cooldowns, running: running, configuration: configuration,
            metrics: WorkerMetrics(), clock: SystemWallClock(), logger: PipelineFixture.silent)
    }

    /// Claims one entry and runs it, as `ClaimService` does.
    func runOne() async throws {
        let entries = try await queue.queue.claim(
            worker: name, free: 1, shares: Lane.allCases.map { ($0, 1) })
        guard let entry = entries.first else { throw QueueFixtureError.nothingToClaim }
        guard let claim = try await reader.read(entry) else { return }
        try await pipeline.run(claim, enqueuedAt: entry.enqueuedAt)
    }

    /// Takes one expired entry of the normal lane over, as `Reaper` does.
    func takeOverOne() async throws {
        var cursor = JobQueue.ReapCursor()
        let entries = try await queue.queue.takeExpired(lane: .normal, worker: name, limit: 1, cursor: &cursor)
        guard var entry = entries.first,
            let deliveries = try await queue.queue.deliveries(of: entry, worker: name)
        else { throw QueueFixtureError.nothingToClaim }
        entry.deliveries = deliveries
        guard let claim = try await reader.read(entry) else { return }
        try await pipeline.takeOver(claim, enqueuedAt: entry.enqueuedAt)
    }

    /// Cancels as a caller does: the request's end is written, and the worker is nudged.
    func cancel(_ id: String) async throws {
        _ = try await queue.queue.cancel(id)
        running.interrupt(id: id, .cancelled)
    }
}
