import Shared

/// Decides how many workers there should be (pure).
///
/// In: the work there is, what accounts can take of it, how much a worker runs. Out: a number of workers, and the bound
/// that made it. It looks at this moment only: whoever scales by it smooths its way down.
///
/// 1. Work is what runs, and what only waits for a worker as far as accounts could begin it. What waits for accounts is
///    none: more workers never help a full pool.
/// 2. Each worker is to be filled to a share of its slots.
/// 3. While urgent requests wait for too long all the same, half as many more are wanted.
/// 4. No more than the accounts could keep busy, and one at least as long as anything is left to do.
struct ScalingDecision: Sendable, Equatable {
    struct Situation: Sendable, Equatable {
        /// Requests that only wait for a worker.
        var ready = 0
        var running = 0
        /// Any that wait for something else, and ledger rows on their way.
        var later = 0
        var workers = 0
        /// Of all live workers.
        var slots = 0
        /// Age of the oldest ready request of the lanes `high` and `normal`.
        var oldestUrgent = Duration.zero
        /// Requests that all accounts together could begin now, or `nil` for any number.
        var accountRoom: Int?
    }

    enum Reason: String, CaseIterable, Sendable {
        case idle
        /// As many as the work fills.
        case work
        /// More, since urgent requests wait.
        case age
        /// Fewer, since accounts cannot take more.
        case accounts
    }

    let wanted: Int
    let reason: Reason

    /// Chosen: far beyond any installation, and a number that every reader of JSON holds.
    static let most = 100_000

    init(_ situation: Situation, _ settings: ScalingSettings) {
        let perWorker =
            situation.workers > 0 && situation.slots > 0
            ? Double(situation.slots) / Double(situation.workers) : Double(settings.slots)
        func workers(_ jobs: Int) -> Int {
            Int(min(Double(Self.most), (Double(max(0, jobs)) / (perWorker * settings.load)).rounded(.up)))
        }
        let startable = min(situation.ready, situation.accountRoom ?? .max)
        let filled = workers(situation.running.addingClamped(startable))
        let isLate = startable > 0 && situation.oldestUrgent > settings.age
        let hastened = isLate ? min(Self.most, filled + (filled + 1) / 2) : filled
        let bound = situation.accountRoom.map { workers(situation.running.addingClamped($0)) } ?? Self.most
        let hasWork = situation.ready > 0 || situation.running > 0 || situation.later > 0
        wanted = max(min(hastened, bound), hasWork ? 1 : 0)
        reason =
            !hasWork
            ? .idle
            : hastened > bound || startable < situation.ready ? .accounts : isLate ? .age : .work
    }
}
