import Shared

/// The worker's own settings, beside those every process shares (`SharedConfig`); `docs/configuration.md` is made from here.
struct WorkerConfig: Sendable {
    var concurrency: Int
    var recoveryConcurrency: Int
    var laneWeights: [(lane: Lane, weight: Int)]
    var claimBatch: Int
    var claimBlock: Duration
    var claimPoll: Duration
    var handBackPause: Duration
    var reapInterval: Duration
    var reapBatch: Int
    var promoteInterval: Duration
    var promoteBatch: Int
    var consumerSweep: Duration
    var consumerIdle: Duration
    var drainTimeout: Duration
    var replayBytes: Int
    var coalescing: CoalescingWindow
    var policy: FailurePolicy
    var health: HealthRules
    var limiter: AccountLimiter.Configuration
    var unknownAnswer: Int
    var slotPoll: Duration
    var affinityTokens: Int
    var healthCheckInterval: Duration
    var quotaAlertThreshold: Double
    var quotaRefresh: Duration
    var leaderLease: Duration
    var routing: RoutingStrategyName
    var rates: CurrencyRates
    var cache: ResponseCache.Limits
    var timeouts: PlatformTimeouts
    var maxAnswerBytes: Int
    var flushBatch: Int
    var flushInterval: Duration
    var flushTakeover: Duration
    var flushSweep: Duration
    var flushBackoff: Duration
    var host: String
    var port: Int
    var upstreamProxy: String?
    var upstreamCAFile: String?
    var upstreamConnectionsPerHost: Int
    var sandboxPace: Duration
    /// `nil`: nothing is recorded.
    var recording: Recorder.Configuration?

    init(_ settings: inout Settings) {
        concurrency = settings.int(
            "WORKER_CONCURRENCY", default: 512, in: 1...20_000,
            "Jobs that run at once in a worker; each costs memory for its request and answer, hardly any processor while it waits."
        )
        recoveryConcurrency = settings.int(
            "RECOVERY_CONCURRENCY", default: concurrency, in: 1...20_000,
            "Jobs of dead workers that a worker takes over beyond WORKER_CONCURRENCY, so that they never wait for new ones to end; `WORKER_CONCURRENCY` if not given."
        )
        laneWeights = [
            (
                .high,
                settings.int(
                    "LANE_WEIGHT_HIGH", default: 8, in: 1...1000,
                    "Share of the `high` lane when all are full.")
            ),
            (
                .normal,
                settings.int(
                    "LANE_WEIGHT_NORMAL", default: 4, in: 1...1000,
                    "Share of the `normal` lane.")
            ),
            (
                .batch,
                settings.int(
                    "LANE_WEIGHT_BATCH", default: 1, in: 1...1000,
                    "Share of the `batch` lane.")
            ),
        ]
        claimBatch = settings.int(
            "CLAIM_BATCH", default: 64, in: 1...1000,
            "Entries claimed in one round trip at most.")
        claimBlock = settings.seconds(
            "CLAIM_BLOCK", default: 0.5, in: 0.1...30,
            "How long an idle worker waits inside Redis; also how late it may notice a shutdown.")
        claimPoll = settings.seconds(
            "CLAIM_POLL", default: 0.025, in: 0.001...1,
            "Pause between looks for work while fewer slots are free than there are lanes.")
        handBackPause = settings.seconds(
            "HANDBACK_PAUSE", default: 1, in: 0.05...60,
            "How long a worker leaves new work to others after it had to hand back a request because its `MASTER_KEY` opens none of the keys; short, so that the request is soon with another, long enough that a fleet without the key does not spin."
        )
        reapInterval = settings.seconds(
            "REAP_INTERVAL", default: 2, in: 0.1...60,
            "How often a worker looks for jobs whose worker is gone; with LEASE, how late they go on.")
        reapBatch = settings.int(
            "REAP_BATCH", default: 32, in: 1...1000,
            "Jobs taken over in one call at most; a look makes as many as it needs.")
        promoteInterval = settings.seconds(
            "PROMOTE_INTERVAL", default: 0.25, in: 0.01...60,
            "How often waiting jobs are looked at; they may start this much late.")
        promoteBatch = settings.int(
            "PROMOTE_BATCH", default: 100, in: 1...10_000,
            "Waiting jobs moved in one look.")
        consumerSweep = settings.seconds(
            "CONSUMER_SWEEP", default: 60, in: 1...3600,
            "How often consumers of dead workers are removed.")
        consumerIdle = settings.seconds(
            "CONSUMER_IDLE", default: 300, in: 10...86_400,
            "Silence after which a consumer that holds nothing is removed.")
        drainTimeout = settings.seconds(
            "DRAIN_TIMEOUT", default: 120, in: 0...3600, "How long running jobs may go on after SIGTERM.")
        replayBytes = settings.int(
            "REPLAY_BYTES", default: 1 << 20, in: 1 << 10...1 << 28,
            "Text kept per stream to write again after Redis lost acknowledged writes.")
        coalescing = Self.coalescing(&settings)
        policy = Self.policy(&settings)
        health = Self.health(&settings)
        limiter = Self.limiter(&settings)
        (unknownAnswer, slotPoll, affinityTokens) = Self.capacity(&settings)
        (healthCheckInterval, quotaAlertThreshold, quotaRefresh, leaderLease) = Self.care(&settings)
        routing = settings.choice(
            "DEFAULT_ROUTING_STRATEGY", default: RoutingStrategyName.priority,
            "How models are put in order.")
        let rates = settings.text(
            "CURRENCY_RATES", default: "", expected: "rates as in CNY=0.14,EUR=1.1",
            "US dollars for a unit of other currencies, to compare prices by, as in `CNY=0.14,EUR=1.1`; beside these, known ones have a rough rate (docs/routing.md)."
        ) { CurrencyRates($0) != nil }
        self.rates = CurrencyRates(rates) ?? CurrencyRates()
        cache = Self.cache(&settings)
        timeouts = Self.timeouts(&settings)
        maxAnswerBytes = settings.int(
            "MAX_ANSWER_BYTES", default: 64 << 20, in: 1 << 10...1 << 30,
            "Largest answer a platform may send, unpacked.")
        flushBatch = settings.int(
            "FLUSH_BATCH", default: 500, in: 1...5000,
            "Ledger rows written in one transaction at most.")
        flushInterval = settings.seconds(
            "FLUSH_INTERVAL", default: 0.2, in: 0.01...60, "How long ledger rows gather before they are written.")
        flushTakeover = settings.seconds(
            "FLUSH_TAKEOVER", default: 60, in: 1...3600,
            "Ledger rows that another worker has read but not written for this long are taken over; longer than a batch takes."
        )
        flushSweep = settings.seconds(
            "FLUSH_SWEEP", default: 10, in: 0.1...600, "How often a worker looks for such rows; they are late anyway.")
        flushBackoff = settings.seconds(
            "FLUSH_BACKOFF_MAX", default: 5, in: 0.05...60,
            "Longest pause while PostgreSQL is away; so late it is noticed that it is back.")
        host = settings.text("WORKER_HOST", default: "127.0.0.1", "Address of `/live`, `/ready`, `/metrics`.")
        port = settings.int(
            "WORKER_PORT", default: 8008, in: 0...65_535,
            "Port of `/live`, `/ready`, `/metrics`; 0: any.")
        let proxy = settings.text(
            "UPSTREAM_PROXY", default: "",
            "Proxy for calls to platforms, as in `http://proxy:3128`.")
        upstreamProxy = proxy.isEmpty ? nil : proxy
        upstreamCAFile = settings.path(
            "UPSTREAM_CA_FILE",
            "Authorities that platforms' certificates must come from, PEM; none: the system's.")
        upstreamConnectionsPerHost = settings.int(
            "UPSTREAM_CONNECTIONS_PER_HOST", default: 0, in: 0...100_000,
            "Connections to one platform at most; 0: as many as jobs.")
        sandboxPace = settings.seconds(
            "SANDBOX_DELAY", default: 0.03, in: 0...10,
            "Pause between two words of a stream of the sandbox, so that it is seen; shorter where a stream would take 5 s longer by it."
        )
        recording = Self.recording(&settings)
    }

    private static func recording(_ settings: inout Settings) -> Recorder.Configuration? {
        let folder = settings.path(
            "RECORD_DIR",
            "Folder that keeps what platforms send, everything said masked, for tests (docs/platforms.md); as `worker --record`."
        )
        let accounts = settings.list(
            "RECORD_ACCOUNTS",
            "Ids of the accounts whose calls are kept; none: all of them. As `worker --record-accounts`.")
        let maxBytes = settings.int(
            "RECORD_MAX_BYTES", default: 1 << 20, in: 1 << 10...1 << 26,
            "Bytes of one request, and of one answer, that are kept at most.")
        let maxFiles = settings.int(
            "RECORD_MAX_FILES", default: 1000, in: 1...1_000_000,
            "Files in that folder from which on nothing more is kept.")
        return folder.map { .init(folder: $0, accounts: Set(accounts), maxBytes: maxBytes, maxFiles: maxFiles) }
    }

    private static func cache(_ settings: inout Settings) -> ResponseCache.Limits {
        var limits = ResponseCache.Limits()
        limits.maxBytes = settings.int(
            "CACHE_MAX_BYTES", default: 256 << 10, in: 1 << 10...1 << 24,
            "Largest answer that is kept for equal requests (`X-Cache-TTL`, `cache_ttl`).")
        limits.memory = settings.int(
            "CACHE_MEMORY", default: 64 << 20, in: 0...1 << 40,
            "Bytes of all kept answers in Redis; the ones that expire first make room. 0 keeps none.")
        return limits
    }

    private static func coalescing(_ settings: inout Settings) -> CoalescingWindow {
        var window = CoalescingWindow()
        window.least = settings.seconds(
            "COALESCE_MIN", default: 0.02, in: 0...1,
            "Deltas of a stream are written together over this time; the first goes at once.")
        window.most = settings.seconds(
            "COALESCE_MAX", default: 0.25, in: 0...5,
            "The same with many streams open.")
        return window
    }

    private static func policy(_ settings: inout Settings) -> FailurePolicy {
        var policy = FailurePolicy()
        policy.maxAttempts = settings.int(
            "MAX_ATTEMPTS", default: 6, in: 1...100,
            "Attempts of one request after which a failing platform is not tried again; rate limits are waited for beyond it."
        )
        policy.backoff = settings.seconds(
            "RETRY_BACKOFF", default: 0.5, in: 0.01...60,
            "First pause when all routes have failed; doubles, with full jitter.")
        policy.maxBackoff = settings.seconds(
            "RETRY_BACKOFF_MAX", default: 30, in: 0.01...3600,
            "Longest such pause.")
        return policy
    }

    private static func health(_ settings: inout Settings) -> HealthRules {
        var rules = HealthRules()
        rules.rateLimited = settings.seconds(
            "COOLDOWN_RATE_LIMITED", default: 5, in: 0.1...3600,
            "Rest of an account whose platform names no `Retry-After`.")
        rules.unusable = settings.seconds(
            "COOLDOWN_UNUSABLE", default: 300, in: 1...86_400, "Rest of an account without money.")
        rules.authentication = settings.seconds(
            "COOLDOWN_AUTHENTICATION", default: 5, in: 0.1...86_400,
            "Rest of an account whose key was refused, before it is tried once more.")
        rules.disableAfter = settings.int(
            "DISABLE_AFTER", default: 2, in: 1...1000,
            "Refusals of a key, each after a rest, that disable its account; what was under way at once counts as one.")
        rules.openAfter = settings.int(
            "CIRCUIT_FAILURES", default: 5, in: 1...1000, "Failures in a row that open the circuit of a route.")
        rules.samples = settings.int(
            "CIRCUIT_SAMPLES", default: 5, in: 1...20,
            "Least outcomes within CIRCUIT_WINDOW from which on more than half of them failed opens it, too.")
        rules.window = settings.seconds(
            "CIRCUIT_WINDOW", default: 60, in: 1...3600, "How far back outcomes are counted for that.")
        rules.open = settings.seconds(
            "CIRCUIT_OPEN", default: 10, in: 0.1...3600,
            "How long an open circuit lets nothing through, before one trial; doubles each time the trial fails.")
        rules.openMost = settings.seconds(
            "CIRCUIT_OPEN_MAX", default: 300, in: 0.1...86_400, "The longest such time.")
        return rules
    }

    private static func limiter(_ settings: inout Settings) -> AccountLimiter.Configuration {
        var configuration = AccountLimiter.Configuration()
        configuration.margin = settings.seconds(
            "LIMIT_MARGIN", default: 0.5, in: 0...10,
            "Added to the minute in which requests and tokens are counted: differences of the ways to the platform.")
        configuration.affinity = settings.seconds(
            "AFFINITY_TTL", default: 300, in: 1...86_400,
            "How long after its last request a conversation stays on its account; platforms cache prompts about as long."
        )
        return configuration
    }

    private static func capacity(_ settings: inout Settings) -> (Int, Duration, Int) {
        (
            settings.int(
                "ANSWER_TOKENS", default: 1000, in: 1...1_000_000,
                "Tokens of an answer that are reserved while nothing was learned of the model and the caller names no limit."
            ),
            settings.seconds(
                "SLOT_POLL", default: 0.5, in: 0.05...60,
                "How soon a request asks again that waits for the end of requests which other workers run."),
            settings.int(
                "AFFINITY_MIN_TOKENS", default: 1024, in: 0...10_000_000,
                "Prompt tokens from which on a conversation stays on its account, for the platform's prompt cache.")
        )
    }

    private static func care(_ settings: inout Settings) -> (Duration, Double, Duration, Duration) {
        (
            settings.seconds(
                "HEALTH_CHECK_INTERVAL", default: 300, in: 1...86_400,
                "How often one worker probes all accounts; disabled ones come back by it."),
            settings.number(
                "QUOTA_ALERT_THRESHOLD", default: 0.8, in: 0.01...1,
                "Share of a quota from which on an alert is raised."),
            settings.seconds(
                "QUOTA_REFRESH", default: 30, in: 1...3600, "How often used quotas are set from the ledger."),
            settings.seconds(
                "LEADER_LEASE", default: 5, in: 1...60,
                "After so long another worker takes over probes, quotas and alerts from one that is gone.")
        )
    }

    private static func timeouts(_ settings: inout Settings) -> PlatformTimeouts {
        var timeouts = PlatformTimeouts()
        timeouts.http.connect = settings.seconds(
            "UPSTREAM_CONNECT_TIMEOUT", default: 5, in: 0.1...60,
            "To connect to a platform.")
        timeouts.http.firstByte = settings.seconds(
            "UPSTREAM_FIRST_BYTE_TIMEOUT", default: 120, in: 0.1...3600,
            "Until the first byte of an answer, its head aside; reasoning models are slow to begin.")
        timeouts.http.idle = settings.seconds(
            "UPSTREAM_IDLE_TIMEOUT", default: 30, in: 0.1...3600,
            "Silence within a stream after which the platform is given up; a model's `idle_timeout` replaces it.")
        timeouts.thinkingIdle = settings.seconds(
            "UPSTREAM_THINKING_IDLE_TIMEOUT", default: 120, in: 0.1...3600,
            "The same for models with the capability `reasoning`, if that is longer.")
        timeouts.http.total = settings.seconds(
            "UPSTREAM_TOTAL_TIMEOUT", default: 600, in: 0.1...86_400,
            "A whole answer.")
        return timeouts
    }
}

extension WorkerConfig {
    /// The lanes' weights count among requests that wait for the same accounts, too.
    func limits(_ shared: QueueLimits) -> QueueLimits {
        var limits = shared
        limits.laneWeights = Dictionary(uniqueKeysWithValues: laneWeights.map { ($0.lane, $0.weight) })
        return limits
    }

    /// As the HTTP client wants it; one connection per running job may stay open.
    var http: HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.proxy = upstreamProxy
        configuration.caFile = upstreamCAFile
        configuration.maxConnectionsPerHost = upstreamConnectionsPerHost
        configuration.maxIdleConnections = concurrency
        return configuration
    }
}
