import Shared

/// The worker's own settings, beside those every process shares (`SharedConfig`).
///
/// Each group is declared in the folder of its consumer. The order here is that of `worker --list-settings`, from which
/// `docs/configuration.md` is made.
struct WorkerConfig: Sendable {
    var slots: SlotSettings
    var claim: ClaimSettings
    var reap: ReapSettings
    var maintenance: MaintenanceSettings
    var drainTimeout: Duration
    var pipeline: PipelineSettings
    var policy: FailurePolicy
    var health: HealthRules
    var limiter: AccountLimiter.Configuration
    /// Tokens of an answer that are reserved while nothing was learned of the model.
    var unknownAnswer: Int
    /// Prompt tokens from which on a conversation stays on its account.
    var affinityTokens: Int
    var leader: LeaderSettings
    var routing: RoutingSettings
    var cache: ResponseCache.Limits
    var timeouts: PlatformTimeouts
    var maxAnswerBytes: Int
    var flush: FlushSettings
    var retention: UsageRetention
    var host: String
    var port: Int
    var http: HTTPClientConfiguration
    var sandboxPace: Duration
    /// `nil`: nothing is recorded.
    var recording: Recorder.Configuration?

    init(_ settings: inout Settings) {
        slots = SlotSettings(&settings)
        claim = ClaimSettings(&settings)
        let handBackPause = settings.seconds(
            "HANDBACK_PAUSE", default: 1, in: 0.05...60,
            "How long a worker leaves new work to others after it had to hand back a request because its `MASTER_KEY` opens none of the keys; short, so that the request is soon with another, long enough that a fleet without the key does not spin."
        )
        reap = ReapSettings(&settings)
        maintenance = MaintenanceSettings(&settings)
        drainTimeout = settings.seconds(
            "DRAIN_TIMEOUT", default: 120, in: 0...3600, "How long running jobs may go on after SIGTERM.")
        let stream = StreamSettings(&settings)
        policy = FailurePolicy(&settings)
        health = HealthRules(&settings)
        limiter = AccountLimiter.Configuration(&settings)
        unknownAnswer = settings.int(
            "ANSWER_TOKENS", default: 1000, in: 1...1_000_000,
            "Tokens of an answer that are reserved while nothing was learned of the model and the caller names no limit."
        )
        let slotPoll = settings.seconds(
            "SLOT_POLL", default: 0.5, in: 0.05...60,
            "How soon a request asks again that waits for the end of requests which other workers run.")
        pipeline = PipelineSettings(handBackPause: handBackPause, slotPoll: slotPoll, stream: stream)
        affinityTokens = settings.int(
            "AFFINITY_MIN_TOKENS", default: 1024, in: 0...10_000_000,
            "Prompt tokens from which on a conversation stays on its account, for the platform's prompt cache.")
        leader = LeaderSettings(&settings)
        routing = RoutingSettings(&settings)
        cache = ResponseCache.Limits(&settings)
        timeouts = PlatformTimeouts(&settings)
        maxAnswerBytes = settings.int(
            "MAX_ANSWER_BYTES", default: 64 << 20, in: 1 << 10...1 << 30,
            "Largest answer a platform may send, unpacked.")
        flush = FlushSettings(&settings)
        retention = UsageRetention(&settings)
        host = settings.text("WORKER_HOST", default: "127.0.0.1", "Address of `/live`, `/ready`, `/metrics`.")
        port = settings.int(
            "WORKER_PORT", default: 8008, in: 0...65_535,
            "Port of `/live`, `/ready`, `/metrics`; 0: any.")
        http = HTTPClientConfiguration(&settings, maxIdleConnections: slots.total)
        http.window = pipeline.stream.coalescing
        sandboxPace = settings.seconds(
            "SANDBOX_DELAY", default: 0.03, in: 0...10,
            "Pause between two words of a stream of the sandbox, so that it is seen; shorter where a stream would take 5 s longer by it."
        )
        recording = Recorder.Configuration(&settings)
    }
}

extension WorkerConfig {
    /// The lanes' weights count among requests that wait for the same accounts, too.
    func limits(_ shared: QueueLimits) -> QueueLimits {
        var limits = shared
        limits.laneWeights = Dictionary(uniqueKeysWithValues: claim.laneWeights.map { ($0.lane, $0.weight) })
        return limits
    }
}
