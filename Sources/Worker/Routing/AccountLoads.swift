import Shared
import Synchronization

/// Loads of the accounts, as the latest reservations found them, for strategies that look at loads.
///
/// In: reports of the reservation script and of `LoadReader`. Out: loads that are a moment old.
final class AccountLoads: Sendable {
    struct Load: Sendable, Equatable {
        /// Reservations running, of all workers.
        var inFlight = 0
        /// 0…1: what is left of the scarcest limit.
        var headroom = 1.0
    }

    private struct Seen {
        var load = Load()
        var at = ContinuousClock.now
    }

    private let loads = Mutex<[String: Seen]>([:])
    private let wantedUntil = Mutex(ContinuousClock.now)

    /// Headroom grows with time, since usage leaves the sliding minute.
    func load(of account: String, at now: ContinuousClock.Instant = .now) -> Load {
        guard let seen = loads.withLock({ $0[account] }) else { return Load() }
        var load = seen.load
        load.headroom += (1 - load.headroom) * min(1, max(0, (now - seen.at) / .seconds(60)))
        return load
    }

    /// `seen` has account, running requests and headroom in thousandths, in turn.
    func note(_ seen: [RedisValue]) {
        guard seen.count >= 3 else { return }
        loads.withLock { loads in
            for at in stride(from: 0, to: seen.count - 2, by: 3) {
                guard let account = seen[at].string else { continue }
                loads[account] = Seen(
                    load: Load(inFlight: Int(seen[at + 1].int ?? 0), headroom: Double(seen[at + 2].int ?? 0) / 1000))
            }
        }
    }

    func set(_ account: String, inFlight: Int) {
        loads.withLock { $0[account, default: Seen()].load.inFlight = inFlight }
    }

    /// A strategy looks at the loads: they are read for a while.
    func want() { wantedUntil.withLock { $0 = .now + .seconds(10) } }
    var areWanted: Bool { wantedUntil.withLock { $0 > .now } }

    /// Accounts that are gone from the catalogue are forgotten.
    func keep(_ accounts: Set<String>) { loads.withLock { $0 = $0.filter { accounts.contains($0.key) } } }
}
