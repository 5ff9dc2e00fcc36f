/// What every process of the service must be told; parsed once at start, immutable afterwards.
///
/// Reading never throws: mistakes collect in `Settings`, whose `check()` reports them all together.
package struct SharedConfig: Sendable {
    package var redisURL: Secret
    package var redisTLS: RedisTLSFiles
    package var requiresDurableRedis: Bool
    package var redisSentinel: SentinelAccess
    package var databaseURL: Secret
    package var cachePrefix: String
    package var logLevel: LogLevel
    package var logFormat: LogFormat
    package var isDebug: Bool
    /// Wraps the keys of the platform accounts; `nil` is fine as long as no account has one.
    package var masterKey: Secret?
    /// Open what was sealed before `masterKey` was changed; seal nothing.
    package var retiredMasterKeys: [Secret]
    package var catalogFile: String?
    package var catalogRefresh: Duration
    package var catalogLifetimes: CatalogRedisCache.Lifetimes
    /// How long a start waits for a catalogue at all, and how long for that of PostgreSQL.
    package var startTimeout: Duration
    package var startPatience: Duration
    package var limits: QueueLimits
    package var shards: Int
    package var heapTrimInterval: Duration

    package var keys: QueueKeys { QueueKeys(prefix: cachePrefix) }

    package struct RedisTLSFiles: Sendable, Equatable {
        package var caFile: String?
        package var certFile: String?
        package var keyFile: String?
    }

    package enum LogLevel: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }
    package enum LogFormat: String, Sendable, CaseIterable { case text, json }

    package init(_ settings: inout Settings) {
        redisURL =
            settings.secret(
                "REDIS_URL", default: "redis://127.0.0.1:6379/0",
                "Redis: \(Self.redisForms) (docs/operations.md).") ?? Secret("")
        redisTLS = RedisTLSFiles(
            caFile: settings.path("REDIS_CA_FILE", "Authorities that `rediss://` trusts, PEM; none: the system's."),
            certFile: settings.path("REDIS_CERT_FILE", "Client certificate for `rediss://`, PEM."),
            keyFile: settings.path("REDIS_KEY_FILE", "Key of the client certificate, PEM."))
        requiresDurableRedis = settings.bool(
            "REQUIRE_DURABLE_REDIS", default: false,
            "Refuses to start, and to be ready, on a Redis without `appendonly` or with an evicting policy.")
        if (redisTLS.certFile == nil) != (redisTLS.keyFile == nil) {
            settings.mistake("REDIS_CERT_FILE", expected: "REDIS_CERT_FILE and REDIS_KEY_FILE together, or neither")
        }
        redisSentinel = Self.sentinel(&settings)
        databaseURL =
            settings.secret(
                "DATABASE_URL", default: "postgresql://127.0.0.1:5432/ai_model_service",
                "PostgreSQL, as libpq takes it: catalogue, accounts, usage.") ?? Secret("")
        cachePrefix = settings.text(
            "CACHE_PREFIX", default: "ai_model_service:", expected: "1 to 64 characters without blanks, *, ?, [, {, }",
            "Starts every key and channel in Redis; installations that share a Redis need different ones.",
            accepts: Self.isPrefix)
        catalogFile = settings.path(
            "CATALOG_FILE",
            "Models and accounts (YAML or JSON) that a start loads into an empty catalogue; later: `submitter catalog apply`."
        )
        catalogRefresh = settings.seconds(
            "CATALOG_REFRESH", default: 30, in: 1...3600,
            "How often a process looks whether the catalogue changed, should the invalidation message be lost.")
        catalogLifetimes = CatalogRedisCache.Lifetimes(
            models: settings.seconds(
                "CACHE_TTL_MODELS", default: 3600, in: 2...2_592_000,
                "Life of the models' copy in Redis; running processes renew it."),
            accounts: settings.seconds(
                "CACHE_TTL_ACCOUNTS", default: 1800, in: 2...2_592_000,
                "Life of the accounts' copy in Redis (keys in sealed form only); running processes renew it."))
        startTimeout = settings.seconds(
            "START_TIMEOUT", default: 30, in: 0...3600,
            "How long a start waits for a catalogue, from PostgreSQL or from its copy in Redis, before it gives up.")
        startPatience = settings.seconds(
            "START_PATIENCE", default: 2, in: 0...3600,
            "How long a start waits for PostgreSQL alone, before it takes the catalogue's copy in Redis.")
        masterKey = settings.secret("MASTER_KEY", "32 bytes in base64 that wrap the keys of the platform accounts.")
        let retired = settings.secret(
            "MASTER_KEY_RETIRED", "Earlier values of `MASTER_KEY`, separated by commas: they open, but no longer seal.")
        retiredMasterKeys = (retired?.reveal() ?? "").split(separator: ",").map { Secret(String($0.trimmingSpaces)) }
        isDebug = settings.bool("DEBUG", default: false, "More detail in logs; never prompts, answers or keys.")
        logLevel = settings.choice("LOG_LEVEL", default: LogLevel.info, "Least level that is logged.")
        logFormat = settings.choice("LOG_FORMAT", default: LogFormat.text, "Form of a log line on standard error.")
        limits = Self.limits(&settings)
        shards = settings.int(
            "QUEUE_SHARDS", default: 1, in: 1...64,
            "Parts of the queue that a Redis Cluster may spread over its nodes; may grow, workers first, and must not shrink."
        )
        heapTrimInterval = settings.seconds(
            "MEMORY_TRIM_INTERVAL", default: 15, in: 0...3600,
            "How often memory that nobody uses goes back to the system; 0: never.")
        checkForms(&settings)
    }

    /// Values with a form of their own, told together with the other mistakes and not one by one when they are used.
    private func checkForms(_ settings: inout Settings) {
        checkMasterKeys(&settings)
        do { try PostgresConfiguration(url: databaseURL).check() } catch {
            settings.mistake("DATABASE_URL", expected: PostgresConfiguration.expected)
        }
        guard (redisTLS.certFile == nil) == (redisTLS.keyFile == nil) else { return }
        do { _ = try redisConfiguration() } catch {
            settings.mistake(
                "REDIS_URL",
                expected: "\(Self.redisForms.filter { $0 != "`" }), and readable TLS files")
        }
    }

    private func checkMasterKeys(_ settings: inout Settings) {
        let form = "32 bytes in base64, or 64 hexadecimal digits"
        do { _ = try masterKey.map { key throws(SecretBox.Failure) in try SecretBox(masterKey: key) } } catch {
            settings.mistake("MASTER_KEY", expected: form)
        }
        for key in retiredMasterKeys {
            do { _ = try SecretBox(masterKey: key) } catch {
                return settings.mistake("MASTER_KEY_RETIRED", expected: "keys separated by commas, each \(form)")
            }
        }
        if masterKey == nil, !retiredMasterKeys.isEmpty {
            settings.mistake("MASTER_KEY", expected: "the current key beside MASTER_KEY_RETIRED")
        }
    }

    private static func limits(_ settings: inout Settings) -> QueueLimits {
        var limits = QueueLimits()
        limits.lease = settings.seconds(
            "LEASE", default: 15, in: 1...600, "A worker that is silent for this long has lost its jobs.")
        limits.defaultDeadline = settings.seconds(
            "JOB_DEADLINE", default: 600, in: 1...86_400, "Time a request has when its caller names none.")
        limits.streamLogTTL = settings.seconds(
            "STREAM_LOG_TTL", default: 120, in: 5...86_400, "How long a finished stream can still be read again.")
        limits.deliveredLogTTL = settings.seconds(
            "DELIVERED_LOG_TTL", default: 30, in: 1...86_400,
            "How long the log of an answer stays that its caller has received whole; a LEASE at least, `STREAM_LOG_TTL` at most."
        )
        limits.jobLogTTL = settings.seconds(
            "JOB_LOG_TTL", default: 86_400, in: 60...2_592_000,
            "How long the answer of a job or of an `Idempotency-Key` is kept.")
        limits.maxDeliveries = settings.int(
            "MAX_DELIVERIES", default: 4, in: 1...100,
            "Deliveries of a request to workers that died, the last of which makes it a dead letter.")
        limits.maxDeadLetters = settings.int(
            "DEAD_LETTERS_MAX", default: 10_000, in: 100...10_000_000,
            "Dead letters that stay in a shard of Redis, about; then the oldest are forgotten. 10,000 take 160 MB at most."
        )
        let weights = settings.text(
            "TENANT_WEIGHTS", default: "", expected: "tenant=weight pairs, separated by commas, weights from 1 to 1000",
            "Shares of tenants that wait for the same thing, as in `gold=4,free=1`; 1 for the others.",
            accepts: { Self.tenantWeights($0) != nil })
        limits.tenantWeights = Self.tenantWeights(weights) ?? [:]
        return limits
    }

    /// `nil` where a pair is malformed or a tenant is named twice.
    static func tenantWeights(_ text: String) -> [String: Int]? {
        var weights: [String: Int] = [:]
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let weight = Int(parts[1].trimmingSpaces), (1...1000).contains(weight) else {
                return nil
            }
            let tenant = String(parts[0].trimmingSpaces)
            guard !tenant.isEmpty, weights.updateValue(weight, forKey: tenant) == nil else { return nil }
        }
        return weights
    }

    private static func isPrefix(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (33...126).contains($0) && !"*?[]{}\\".utf8.contains($0) }
    }
}
