/// A catalogue and which one it is: what processes compare, and what Redis keeps a copy of.
package struct VersionedCatalog: Sendable {
    /// What was in PostgreSQL, and when.
    package struct Stamp: Sendable, Equatable {
        /// See `CatalogStore.version`.
        package var version: String
        /// When PostgreSQL was asked, by its own clock, milliseconds since 1970: the later one is the newer one.
        package var asOf: Int64

        package init(version: String, asOf: Int64) {
            self.version = version
            self.asOf = asOf
        }
    }

    package var snapshot: CatalogSnapshot
    package var stamp: Stamp

    package init(snapshot: CatalogSnapshot, stamp: Stamp) {
        self.snapshot = snapshot
        self.stamp = stamp
    }
}

extension CatalogStore {
    package func copy() async throws(PostgresError) -> VersionedCatalog {
        // The stamp first: a change in between makes the rows newer than their stamp, and the next look loads them again.
        let stamp = try await stamp()
        return VersionedCatalog(snapshot: try await load(), stamp: stamp)
    }
}
