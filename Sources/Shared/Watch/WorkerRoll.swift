/// Knows which workers were alive at the look before, and so which ones are gone (pure).
package struct WorkerRoll: Sendable {
    /// By name: when the heartbeat that was seen last expires, in milliseconds since 1970 by Redis' clock.
    private var known: [String: Int64] = [:]
    private var lastLook: ContinuousClock.Instant?

    package init() {}

    /// Names of those that were there at the look before, whose heartbeat has expired since.
    ///
    /// A worker whose heartbeat went before its time was taken off the list: it said goodbye, or Redis has lost the
    /// list. After a longer break than `patience` nobody is missed, because all may have come and gone.
    package mutating func look(
        _ expiries: [String: Int64], now: Int64, at moment: ContinuousClock.Instant, patience: Duration
    ) -> [String] {
        defer { (known, lastLook) = (expiries, moment) }
        guard let lastLook, moment - lastLook <= patience else { return [] }
        return known.filter { expiries[$0.key] == nil && $0.value <= now }.keys.sorted()
    }

    /// Redis could not be read: heartbeats may have expired because no worker reached it.
    package mutating func forget() { (known, lastLook) = ([:], nil) }
}
