import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared
import Synchronization
import TestSupport

@testable import Submitter

/// A running shim on a free port, over a Redis with keys of its own.
///
/// The test plays the worker.
struct ShimFixture: Sendable {
    let port: Int
    let shim: Shim
    /// The worker's side.
    let queue: JobQueue
    let redis: RedisClient
    let hub: ReplyHub
    let services: ServiceGroup

    static let worker = "test-worker"
    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    struct Catalog: ModelLookup {
        var catalog: CatalogSnapshot? = CatalogSnapshot(
            models: [
                Model(id: "m", provider: .sandbox, aliases: ["model-alias"]),
                Model(
                    id: "plain", provider: .openai, capabilities: Capabilities(["streaming": false, "vision": false])),
                Model(id: "old", provider: .openai, isActive: false),
            ])
    }

    /// Settings that a test may change.
    @dynamicMemberLookup
    struct Tuning {
        var config = ShimConfig()
        var limits = QueueLimits()

        init() {
            config.listen.port = 0
            config.drain.delay = .zero
            config.hub.tick = .milliseconds(50)
        }

        subscript<Value>(dynamicMember member: WritableKeyPath<ShimConfig, Value>) -> Value {
            get { config[keyPath: member] }
            set { config[keyPath: member] = newValue }
        }
    }

    /// `redisURL` is where the shim finds Redis.
    ///
    /// The worker's side always uses `server` directly.
    static func run(
        server: RedisServer? = nil, redisURL: String? = nil, catalog: Catalog = Catalog(),
        catalogAccess: CatalogAccess? = nil, shownSettings: [SettingDescription]? = nil,
        prefix: String? = nil, tracing: Tracing? = nil,
        waitsUntilReady: Bool = true, configure: (inout Tuning) -> Void = { _ in },
        _ body: (ShimFixture) async throws -> Void
    ) async throws {
        let url: String
        if let server { url = server.url } else { url = try await SharedRedis.shared.url }
        var tuning = Tuning()
        configure(&tuning)
        let keys = QueueKeys(prefix: prefix ?? "shim-\(UInt64.random(in: .min ... .max)):")
        let address = Mutex<Int?>(nil)
        let shim = Shim(
            config: tuning.config, redis: try RedisConfiguration(url: redisURL ?? url), keys: keys,
            limits: tuning.limits,
            models: catalog, logger: quiet, id: ProcessName.make(role: "shim"), catalogAccess: catalogAccess,
            batches: catalogAccess.map { BatchStore($0.postgres) }, shownSettings: shownSettings,
            tracing: tracing, onListening: { channel in address.withLock { $0 = channel.localAddress?.port } })
        let redis = RedisClient(
            try RedisConfiguration(url: url), name: "test", group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        let (parts, hub) = shim.parts()
        // The worker's connection outlives the shim's shutdown.
        let services = ServiceGroup(
            configuration: .init(services: parts.map { .init(service: $0) }, logger: quiet))
        let queue = JobQueue(redis: redis, keys: keys)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            group.addTask { try await redis.run() }
            try await eventually("the shim listens") { address.withLock { $0 } != nil }
            let fixture = ShimFixture(
                port: address.withLock { $0 } ?? 0, shim: shim, queue: queue, redis: redis, hub: hub,
                services: services)
            try await queue.createGroups()
            // Longer than any test, because the test plays the worker.
            try await queue.beat(Self.worker, for: .seconds(600))
            if waitsUntilReady { try await fixture.ready() }
            try await body(fixture)
            await services.triggerGracefulShutdown()
            try await group.next()
            redis.close()
            try await group.waitForAll()
        }
    }

    /// Until the shim says that it can work.
    func ready() async throws {
        try await eventually("/ready answers 200") { try await self.get("/ready").status == 200 }
    }

    // MARK: - The caller's side

    func connect() async throws -> RawConnection { try await .open(port: port) }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> RawResponse {
        try await send("GET", path, headers: headers)
    }

    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String = ""
    ) async throws -> RawResponse {
        let connection = try await connect()
        try await connection.send(method, path, headers: headers, body: body)
        let response = try await connection.response()
        try await connection.close()
        return response
    }

    static let chat = #"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#
    static let stream = #"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#

    func start(
        _ body: String, path: String = "/v1/chat/completions", headers: [String: String] = [:]
    ) async throws -> RawConnection {
        let connection = try await connect()
        try await connection.send("POST", path, headers: headers, body: body)
        return connection
    }

    // MARK: - The worker's side

    /// The next job, claimed and started.
    ///
    /// `usage` is the row in its start record.
    func work(usage: [UInt8] = []) async throws -> TestAttempt {
        var found: JobQueue.Entry?
        try await eventually("a job is in the queue") {
            found = try await queue.claim(
                worker: Self.worker, free: 1, shares: [(.high, 1), (.normal, 1), (.batch, 1)]
            )
            .first
            return found != nil
        }
        guard let entry = found else { throw NothingToDo.nothingToClaim }
        let job = try Job(entry: entry.fields, lane: entry.lane, defaultDeadline: 0)
        let attempt = Attempt(
            id: job.id, lane: entry.lane, worker: Self.worker, entry: entry.entry, number: job.attemptsBefore + 1,
            deliveries: 1, deadline: job.deadline, channel: job.shim.map(queue.keys.shimChannel) ?? "")
        guard try await queue.start(attempt, usage: usage) == .started else { throw NothingToDo.notStarted }
        return TestAttempt(queue: queue, job: job, attempt: attempt)
    }

    /// Another worker takes the job over, as if the first had died.
    func reap(_ lost: TestAttempt) async throws -> TestAttempt {
        var limits = queue.limits
        limits.lease = .zero
        let queue = JobQueue(redis: redis, keys: queue.keys, limits: limits)
        var cursor = JobQueue.ReapCursor()
        let other = "other-worker"
        guard try await queue.takeExpired(lane: lost.job.lane, worker: other, limit: 1, cursor: &cursor).first != nil
        else {
            throw NothingToDo.nothingToClaim
        }
        let attempt = Attempt(
            id: lost.job.id, lane: lost.attempt.lane, worker: other, entry: lost.attempt.entry, number: 1,
            deliveries: 1, deadline: lost.attempt.deadline, channel: lost.attempt.channel)
        let verdict = try await queue.reap(Claim(job: lost.job, attempt: attempt), usage: [])
        guard case .run(let number, let deliveries) = verdict else { throw NothingToDo.notStarted }
        return TestAttempt(
            queue: queue, job: lost.job, attempt: attempt.takenOver(number: number, deliveries: deliveries))
    }

    /// Waits after a restart of Redis.
    ///
    /// The connection may find only now that its server is gone.
    func makeGroups() async throws {
        try await eventually("the groups are there") { (try? await queue.createGroups()) != nil }
    }

    /// True when any job can be claimed at the moment.
    func queued() async throws -> Int {
        var count = 0
        for lane in Lane.allCases {
            count += Int(try await redis.send(RedisCommand("XLEN", .string(queue.keys.queue(lane)))).int ?? 0)
        }
        return count
    }
}

/// A running attempt that the test plays.
struct TestAttempt {
    let queue: JobQueue
    let job: Job
    var attempt: Attempt
    private(set) var seq = 0

    init(queue: JobQueue, job: Job, attempt: Attempt) {
        self.queue = queue
        self.job = job
        self.attempt = attempt
    }

    static func chunk(_ text: String) -> String {
        #"{"model":"m","choices":[{"index":0,"delta":{"content":"\#(text)"},"finish_reason":null}]}"#
    }

    static let meta =
        #"{"model":"m","provider":"sandbox","account":"a","cost":0.5,"currency":"USD","#
        + #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5},"attempts":[]}"#

    mutating func say(_ texts: String...) async throws -> JobQueue.Append {
        seq += 1
        return try await queue.append(
            attempt, seq: seq, payload: Array(texts.map(Self.chunk).joined(separator: "\n").utf8), tokens: seq)
    }

    /// The same without telling the shim: as if the message were lost.
    mutating func sayUnheard(_ text: String) async throws {
        seq += 1
        let deaf = Attempt(
            id: attempt.id, lane: attempt.lane, worker: attempt.worker, entry: attempt.entry, number: attempt.number,
            deliveries: attempt.deliveries, deadline: attempt.deadline, channel: "")
        _ = try await queue.append(deaf, seq: seq, payload: Array(Self.chunk(text).utf8), tokens: seq)
    }

    @discardableResult
    func finish(_ result: String = "", meta: String = Self.meta, isHeard: Bool = true) async throws -> JobQueue.Finish {
        try await end(.init(status: .done, meta: Array(meta.utf8), result: Array(result.utf8)), isHeard: isHeard)
    }

    @discardableResult
    func fail(_ failure: JobFailure) async throws -> JobQueue.Finish {
        try await end(.init(status: .error, meta: Array("{}".utf8), result: failure.encoded), isHeard: true)
    }

    private func end(_ end: JobQueue.End, isHeard: Bool) async throws -> JobQueue.Finish {
        let attempt = Attempt(
            id: attempt.id, lane: attempt.lane, worker: attempt.worker, entry: attempt.entry, number: attempt.number,
            deliveries: attempt.deliveries, deadline: attempt.deadline, channel: isHeard ? attempt.channel : "")
        return try await queue.finish(attempt, lastSeq: seq, end: end, usage: [], keepLog: .seconds(60))
    }
}
