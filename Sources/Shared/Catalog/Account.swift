/// An account at a platform: one row of `accounts`.
///
/// Its key is here in sealed form only.
package struct Account: Sendable, Equatable {
    package enum Status: String, Sendable, CaseIterable {
        case active, disabled
    }

    package var id: String
    package var accountName: String
    package var provider: Provider
    /// `nil` for platforms that need none.
    package var apiKeyEncrypted: String?
    /// Replaces the platform's own.
    package var baseURL: String?
    /// One of `provider.modes`, or `nil` for the first of them.
    package var mode: String?
    /// Tokens, prompt and answer together, per `quotaPeriod`.
    package var quotaLimit: Int64?
    package var quotaUsed: Int64
    package var status: Status
    package var statusReason: String?
    /// From 0 to 1.
    package var healthScore: Double
    /// Requests and tokens per minute, and requests at once, or `nil` for no limit.
    package var requestsPerMinute: Int?
    package var tokensPerMinute: Int?
    package var concurrency: Int?
    package var weight: Int
    /// Platform-specific extras (`organization`, `project`, `headers`, …).
    package var settings: [String: String]
    /// Ids of the models that it serves, or empty for all of its platform's.
    package var models: [String]
    package var quotaPeriod: QuotaPeriod
    /// UTC, 0 to 23: when a day, or the reset day of a month, begins.
    package var quotaResetHour: Int
    /// 1 to 28.
    package var quotaResetDay: Int

    package init(
        id: String, accountName: String? = nil, provider: Provider, apiKeyEncrypted: String? = nil,
        baseURL: String? = nil, mode: String? = nil, quotaLimit: Int64? = nil, quotaUsed: Int64 = 0,
        status: Status = .active, statusReason: String? = nil, healthScore: Double = 1,
        requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, concurrency: Int? = nil, weight: Int = 1,
        settings: [String: String] = [:], models: [String] = [], quotaPeriod: QuotaPeriod = .total,
        quotaResetHour: Int = 0, quotaResetDay: Int = 1
    ) {
        self.id = id
        self.accountName = accountName ?? id
        self.provider = provider
        self.apiKeyEncrypted = apiKeyEncrypted
        self.baseURL = baseURL
        self.mode = mode
        self.quotaLimit = quotaLimit
        self.quotaUsed = quotaUsed
        self.status = status
        self.statusReason = statusReason
        self.healthScore = healthScore
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.concurrency = concurrency
        self.weight = weight
        self.settings = settings
        self.models = models
        self.quotaPeriod = quotaPeriod
        self.quotaResetHour = quotaResetHour
        self.quotaResetDay = quotaResetDay
    }

    package var platformMode: PlatformMode { provider.mode(named: mode) }

    package func serves(_ model: Model) -> Bool {
        provider == model.provider && (models.isEmpty || models.contains(model.id))
    }
}
