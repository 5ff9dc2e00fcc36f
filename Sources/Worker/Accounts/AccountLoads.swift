import Shared
import Synchronization

/// How busy the accounts are, as the latest reservations found them; what strategies look at.
///
/// In: what the reservation script reports on its way, and `LoadReader`. Out: a picture that is a moment old.
final class AccountLoads: Sendable {
    struct Load: Sendable, Equatable {
        /// Reservations running, of all workers.
        var inFlight = 0
        /// 0…1: what is left of the scarcest limit.
        var headroom = 1.0
    }

    private let loads = Mutex<[String: Load]>([:])
    private let wantedUntil = Mutex(ContinuousClock.now)

    func load(of account: String) -> Load { loads.withLock { $0[account] ?? Load() } }

    /// `report`: index of the bid from 1, running, headroom in thousandths, per bid that was looked at.
    func note(_ report: [Int64], _ bids: [Bid]) {
        loads.withLock { loads in
            for at in stride(from: 0, to: report.count - 2, by: 3) {
                let index = Int(report[at]) - 1
                guard bids.indices.contains(index) else { continue }
                loads[bids[index].account.id] = Load(
                    inFlight: Int(report[at + 1]), headroom: Double(report[at + 2]) / 1000)
            }
        }
    }

    func set(_ account: String, inFlight: Int) {
        loads.withLock { $0[account, default: Load()].inFlight = inFlight }
    }

    /// A strategy looks at them: they are read for a while.
    func want() { wantedUntil.withLock { $0 = .now + .seconds(10) } }
    var areWanted: Bool { wantedUntil.withLock { $0 > .now } }

    /// Accounts that are gone from the catalogue are forgotten.
    func keep(_ accounts: Set<String>) { loads.withLock { $0 = $0.filter { accounts.contains($0.key) } } }
}
