import HTTPTypes
import Shared
import Synchronization

/// Counts the bytes of request bodies that this process holds: while they are read, and until their requests have
/// ended.
///
/// Without it `MAX_OPEN_REQUESTS` bodies of `MAX_BODY_BYTES` would be allowed, more memory than any host has.
final class BodyBudget: Sendable {
    let limit: Int
    private let used = Mutex(0)

    init(limit: Int) { self.limit = limit }

    var inUse: Int { used.withLock { $0 } }

    /// A body that is larger than the limit must be alone.
    fileprivate func take(_ bytes: Int) -> Bool {
        used.withLock { used in
            guard used == 0 || used <= limit - bytes else { return false }
            used += bytes
            return true
        }
    }

    fileprivate func giveBack(_ bytes: Int) { used.withLock { $0 -= bytes } }

    var refusal: APIError {
        APIError(
            .serviceUnavailable, .server, code: "too_many_open_bytes",
            "This server holds \(limit) bytes of requests (ADMISSION_BYTES), which is its limit.",
            retryAfter: .seconds(1))
    }
}

/// One body's share of the budget, given back when the last holder releases it.
final class BodyHold: Sendable {
    private let budget: BodyBudget
    private let bytes = Mutex(0)

    init(_ budget: BodyBudget) { self.budget = budget }

    deinit { budget.giveBack(bytes.withLock { $0 }) }

    /// Makes room for a body of `total` bytes, unless there is room already.
    func reach(_ total: Int) throws(APIError) {
        let isThere = bytes.withLock { bytes in
            guard total > bytes else { return true }
            guard budget.take(total - bytes) else { return false }
            bytes = total
            return true
        }
        guard isThere else { throw budget.refusal }
    }
}
