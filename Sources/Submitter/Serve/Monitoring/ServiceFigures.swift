import Shared

/// The whole service as Redis and PostgreSQL show it at one moment.
struct ServiceFigures: Sendable {
    /// Milliseconds since 1970.
    let at: Int64
    let queue: QueueFigures
    let accounts: [AccountFigures]
    /// The problem with PostgreSQL, or `nil` where it answers.
    let database: String?
}
