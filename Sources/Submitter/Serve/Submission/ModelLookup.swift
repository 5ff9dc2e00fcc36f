import Shared

/// Gives the shim the catalogue, to refuse early and to list.
protocol ModelLookup: Sendable {
    /// The catalogue of this moment, or `nil` before it was loaded.
    var catalog: CatalogSnapshot? { get }
}
