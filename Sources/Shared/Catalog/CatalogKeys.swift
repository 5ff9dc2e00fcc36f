/// Names of the catalogue's copies in Redis, and of the channel that tells of changes.
package struct CatalogKeys: Sendable, Equatable {
    private let prefix: String
    /// What the names of the copies begin with; in a cluster they are read and written together.
    package let home: String

    /// `prefix`: `CACHE_PREFIX`.
    package init(prefix: String, isClustered: Bool = false) {
        self.prefix = prefix
        home = isClustered ? prefix + "{catalog}:" : prefix
    }

    /// Strings: see `VersionedCatalog`.
    package var models: String { home + "catalog:models" }
    package var accounts: String { home + "catalog:accounts" }
    /// Any message on it means: something was changed and committed, look now.
    package var channel: String { prefix + "catalog" }
}
