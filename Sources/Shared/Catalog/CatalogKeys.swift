/// Names of the catalogue's copies in Redis, and of the channel that tells of changes.
package struct CatalogKeys: Sendable, Equatable {
    private let prefix: String

    /// `prefix`: `CACHE_PREFIX`.
    package init(prefix: String) { self.prefix = prefix }

    /// Strings: see `CatalogCopy`.
    package var models: String { prefix + "catalog:models" }
    package var accounts: String { prefix + "catalog:accounts" }
    /// Any message on it means: something was changed and committed, look now.
    package var channel: String { prefix + "catalog" }
}
