package import Logging
import ServiceLifecycle
import Synchronization

/// The catalogue as this process sees it: in memory, refreshed from PostgreSQL when it has changed.
///
/// While PostgreSQL is away the last snapshot stays in use. Reading `current` never waits.
package final class CatalogCache: Service, Sendable {
    private let store: CatalogStore
    private let interval: Duration
    private let logger: Logger
    private let snapshot: Mutex<CatalogSnapshot>

    package init(_ first: CatalogSnapshot, store: CatalogStore, interval: Duration, logger: Logger) {
        self.store = store
        self.interval = interval
        self.logger = logger
        snapshot = Mutex(first)
    }

    package var current: CatalogSnapshot { snapshot.withLock { $0 } }

    package func run() async throws {
        var version = ""
        var isComplaining = false
        while !Task.isShuttingDownGracefully {
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: self.interval) }
            } catch { return }
            do throws(PostgresError) {
                let latest = try await store.version()
                if latest != version {
                    let loaded = try await store.load()
                    snapshot.withLock { $0 = loaded }
                    version = latest
                }
                isComplaining = false
            } catch {
                if !isComplaining {
                    logger.warning(
                        "the catalogue cannot be refreshed, keeping the last one", metadata: ["error": "\(error)"])
                }
                isComplaining = true
            }
        }
    }
}
