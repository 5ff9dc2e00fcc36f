import Shared

/// Place of a request's answer in the cache.
struct CachePlan: Sendable, Equatable {
    /// Stands in the ledger in place of a platform.
    static let provider = "cache"

    let key: String
    let seconds: Int
}
