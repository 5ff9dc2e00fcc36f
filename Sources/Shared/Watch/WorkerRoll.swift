/// Knows which workers were alive at the look before, and so which ones are gone (pure).
///
/// All times are those of Redis' clock, in milliseconds since 1970.
package struct WorkerRoll: Sendable {
    /// A worker whose heartbeat has expired.
    package struct Missing: Sendable, Equatable {
        package let name: String
        /// Workers that came after its last heartbeat, perhaps in its place.
        package let newcomers: Int
    }

    private struct Known {
        /// When the heartbeat that was seen last expires.
        var expiry: Int64
        /// `nil` for one that was there at the first look.
        var came: Int64?
    }

    private let lease: Int64
    private var known: [String: Known] = [:]
    private var lastLook: ContinuousClock.Instant?

    /// `lease`: the life of a heartbeat.
    package init(lease: Duration) { self.lease = lease.milliseconds }

    /// Those that were there at the look before, whose heartbeat has expired since.
    ///
    /// A worker whose heartbeat went before its time was taken off the list: it said goodbye, or Redis has lost the
    /// list. After a longer break than `patience` nobody is missed, because all may have come and gone.
    package mutating func look(
        _ expiries: [String: Int64], now: Int64, at moment: ContinuousClock.Instant, patience: Duration
    ) -> [Missing] {
        let isFirst = lastLook.map { moment - $0 > patience } ?? true
        let before = known
        known = Dictionary(
            uniqueKeysWithValues: expiries.map { name, expiry in
                (name, Known(expiry: expiry, came: before[name].map(\.came) ?? (isFirst ? nil : now)))
            })
        lastLook = moment
        guard !isFirst else { return [] }
        return before.filter { expiries[$0.key] == nil && $0.value.expiry <= now }.sorted { $0.key < $1.key }
            .map { name, gone in
                let lastBeat = gone.expiry.subtractingClamped(lease)
                return Missing(name: name, newcomers: known.values.count { $0.came.map { $0 > lastBeat } ?? false })
            }
    }

    /// Redis could not be read: heartbeats may have expired because no worker reached it.
    package mutating func forget() { (known, lastLook) = ([:], nil) }
}
