import Logging
import Shared
import TestSupport

@testable import Worker

/// A queue, a catalogue that points at stubs, and workers that run real jobs against both.
///
/// In: stubs, the first is the account that is asked first. Out: workers, and the traces of a job in Redis. There is no
/// PostgreSQL: the catalogue is in memory, bills stay in the outbox. Everything claimed counts as expired (lease 0)
/// unless `lease` is given.
struct PipelineFixture: Sendable {
    static let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    let queue: QueueFixture
    let http: HTTPClient
    let configuration: WorkerConfig
    let catalog: CatalogSnapshot
    let tracer: Tracer?

    static func run(
        _ stubs: [ProviderStub], settings: [String: String] = [:], capabilities: [String: Bool] = [:],
        lease: Duration = .zero, fallbacks: [String] = [], cacheTTL: Int? = nil, tracer: Tracer? = nil,
        limits: (inout Account) -> Void = { _ in },
        _ body: (PipelineFixture) async throws -> Void
    ) async throws {
        let standard = ["RETRY_BACKOFF": "0.01", "RETRY_BACKOFF_MAX": "0.02", "CLAIM_BLOCK": "0.1"]
        var settings = Settings(environment: standard.merging(settings) { $1 })
        let configuration = WorkerConfig(&settings)
        try settings.check()
        let http = try HTTPClient(configuration: configuration.http)
        let catalog = catalog(stubs, Capabilities(capabilities), fallbacks, cacheTTL, limits)
        do {
            try await QueueFixture.run(lease: lease) { queue in
                try await body(
                    PipelineFixture(queue: queue, http: http, configuration: configuration, catalog: catalog, tracer: tracer))
            }
        } catch {
            await http.shutdown()
            throw error
        }
        await http.shutdown()
    }

    /// Models `m` and `n` on one account per stub: `a0`, `a1`, …, asked in this order.
    ///
    /// Model `s` is in the sandbox.
    private static func catalog(
        _ stubs: [ProviderStub], _ capabilities: Capabilities, _ fallbacks: [String], _ cacheTTL: Int?,
        _ limits: (inout Account) -> Void
    ) -> CatalogSnapshot {
        let accounts = stubs.enumerated().map { index, stub in
            var account = Account(id: "a\(index)", provider: .openai, baseURL: stub.url, weight: 100 - index)
            limits(&account)
            return account
        }
        return CatalogSnapshot(
            models: [
                Model(
                    id: "m", provider: .openai, prices: Prices(input: 1, output: 2), capabilities: capabilities,
                    fallbackModels: fallbacks, cacheTTL: cacheTTL),
                Model(id: "n", provider: .openai), Model(id: "s", provider: .sandbox),
            ],
            accounts: accounts + [Account(id: "sandbox", provider: .sandbox)])
    }

    func worker(_ name: String = "w1", box: SecretBox? = nil) throws -> PipelineWorker {
        try PipelineWorker(name, self, box: box)
    }

    // MARK: - Doing

    static func body(model: String = "m", stream: Bool = false, more: String = "") -> String {
        #"{"model":"\#(model)","messages":[{"role":"user","content":"hi"}],"stream":\#(stream)\#(more)}"#
    }

    /// Submits a job and returns its id.
    func submit(
        _ body: String = body(), deadline: Duration = .seconds(600), lane: Lane = .normal, cacheTTL: Int? = nil,
        tenant: String = "default", trace: TraceContext? = nil
    ) async throws -> String {
        var job = queue.job(lane: lane)
        job.cacheTTL = cacheTTL
        job.tenant = tenant
        job.trace = trace
        job.deadline = SystemWallClock().now + deadline.milliseconds
        _ = try await queue.queue.submit(job, body: Array(body.utf8))
        return job.id
    }

    func submitStream() async throws -> String { try await submit(Self.body(stream: true)) }

    /// Waits until one waiting request is due, and puts it back into its lane.
    func promoteOne() async throws {
        try await eventually("a waiting request is due") { try await queue.queue.promote(limit: 1) == 1 }
    }

    func delete(_ key: String) async throws {
        _ = try await queue.redis.send(RedisCommand("DEL", .string(key)))
    }
}
