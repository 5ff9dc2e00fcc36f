/// A catalogue with its stamp: processes compare stamps, and Redis keeps a copy of both.
package struct VersionedCatalog: Sendable {
    /// Names one state of PostgreSQL, and the time of it.
    package struct Stamp: Sendable, Equatable {
        /// See `CatalogStore.version`.
        package var version: String
        /// Milliseconds since 1970 by PostgreSQL's own clock when it was asked.
        ///
        /// The later one is the newer one.
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
        // The stamp is read first. A change in between makes the rows newer than their stamp, and the next look loads
        // them again.
        let stamp = try await stamp()
        return VersionedCatalog(snapshot: try await load(), stamp: stamp)
    }
}
