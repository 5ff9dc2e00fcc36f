/// The source of the catalogue, the times of looks at it, and the lives of its copies in Redis.
package struct CatalogSettings: Sendable {
    package var file: String?
    package var refresh: Duration
    package var lifetimes: CatalogRedisCache.Lifetimes
    /// A start waits this long for a catalogue from anywhere.
    package var startTimeout: Duration
    /// A start waits this long for PostgreSQL's catalogue alone.
    package var startPatience: Duration

    package init(_ settings: inout Settings) {
        file = settings.path(
            "CATALOG_FILE",
            "Models and accounts (YAML or JSON) that a start loads into an empty catalogue; later: `submitter catalog apply`."
        )
        refresh = settings.seconds(
            "CATALOG_REFRESH", default: 30, in: 1...3600,
            "How often a process looks whether the catalogue changed, should the invalidation message be lost.")
        lifetimes = CatalogRedisCache.Lifetimes(
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
    }
}
