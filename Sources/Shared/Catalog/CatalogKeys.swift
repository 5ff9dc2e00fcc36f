/// Names of the catalogue's copies in Redis, and of the channel that tells of changes.
package struct CatalogKeys: Sendable, Equatable {
    private let prefix: String
    /// Begins the names of the copies.
    ///
    /// In a cluster it keeps them on one node, where they are read and written together.
    package let home: String

    /// `prefix`: `CACHE_PREFIX`.
    package init(prefix: String, isClustered: Bool = false) {
        self.prefix = prefix
        home = isClustered ? prefix + "{catalog}:" : prefix
    }

    /// Strings: see `VersionedCatalog`.
    package var models: String { home + "catalog:models" }
    package var accounts: String { home + "catalog:accounts" }
    /// Any message on it means that a change was committed.
    package var channel: String { prefix + "catalog" }
}
