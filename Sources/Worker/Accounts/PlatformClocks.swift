import Shared
import Synchronization

/// Offsets between the clocks of platforms and ours, for signatures that hold a time.
///
/// In: the `Date` of an answer that called our signature out of date. Out: the time to sign with. Nothing is corrected
/// before a platform has complained: clocks of proxies in between are wrong more often than ours.
final class PlatformClocks: Sendable {
    private let offsets = Mutex<[String: Int64]>([:])

    /// Milliseconds since 1970 as the platform behind this account has it.
    func now(_ account: String, ours: Int64) -> Int64 { ours + (offsets.withLock { $0[account] } ?? 0) }

    /// Returns `true` where the answer said a time that differs by more than a request takes.
    @discardableResult
    func note(_ account: String, date: String?, ours: Int64) -> Bool {
        guard let seconds = date.flatMap({ HTTPDate.seconds($0) }) else { return false }
        let offset = seconds * 1000 - ours
        offsets.withLock { $0[account] = abs(offset) < 2_000 ? nil : offset }
        return abs(offset) >= 2_000
    }
}
