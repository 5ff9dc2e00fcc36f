package import Logging

/// What worker and shim do with PostgreSQL before they start: wait for it, migrate, load the first catalogue.
package struct CatalogBootstrap: Sendable {
    /// How long a start waits for a server that is starting too.
    static let patience = Duration.seconds(30)

    private let config: SharedConfig
    private let pool: PostgresPool
    private let logger: Logger

    package init(_ config: SharedConfig, _ pool: PostgresPool, _ logger: Logger) {
        self.config = config
        self.pool = pool
        self.logger = logger
    }

    /// The catalogue, ready for use; the service that keeps it fresh is the caller's to run.
    package func start() async throws -> CatalogCache {
        try await migrate()
        let store = CatalogStore(pool)
        if let path = config.catalogFile, try await store.isEmpty() {
            let (models, accounts) = try await store.apply(try CatalogFile(path: path), box: try config.secretBox())
            logger.info("catalogue loaded", metadata: ["models": "\(models)", "accounts": "\(accounts)"])
        }
        return CatalogCache(try await store.load(), store: store, interval: config.catalogRefresh, logger: logger)
    }

    /// Applies what is missing; returns its names.
    @discardableResult
    package func migrate() async throws -> [String] {
        let giveUp = ContinuousClock.now + Self.patience
        while true {
            do throws(PostgresError) {
                let applied = try await Migrations.run(on: pool)
                if !applied.isEmpty {
                    logger.info("migrated", metadata: ["steps": "\(applied.joined(separator: ", "))"])
                }
                return applied
            } catch {
                guard error.code == .unavailable, ContinuousClock.now < giveUp else { throw error }
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }
}

extension SharedConfig {
    /// `nil` without a `MASTER_KEY`, which is fine until an account has a key.
    package func secretBox() throws(SecretBox.Failure) -> SecretBox? {
        guard let masterKey else { return nil }
        return try SecretBox(masterKey: masterKey, retired: retiredMasterKeys)
    }
}
