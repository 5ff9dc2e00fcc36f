import Shared

extension AccountLimiter.Configuration {
    init(_ settings: inout Settings) {
        margin = settings.seconds(
            "LIMIT_MARGIN", default: 0.5, in: 0...10,
            "Added to the minute in which requests and tokens are counted: differences of the ways to the platform.")
        affinity = settings.seconds(
            "AFFINITY_TTL", default: 300, in: 1...86_400,
            "How long after its last request a conversation stays on its account; platforms cache prompts about as long."
        )
        batchHeadroom = settings.number(
            "BATCH_HEADROOM", default: 0.1, in: 0...0.9,
            "Share of an account's requests at once, requests and tokens a minute that requests of the `batch` lane leave free, so that others find room at once; at least one request at once, where there are two."
        )
    }
}
