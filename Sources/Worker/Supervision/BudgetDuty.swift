import Logging
import ServiceLifecycle
import Shared

/// Looks at what is spent of budgets while this worker is the elected one, and tells all processes.
struct BudgetDuty: Service {
    let election: LeaderElection
    let store: BudgetStore
    let publisher: BudgetPublisher
    let budgets: LiveBudgets
    /// Between two looks while there are budgets.
    let interval: Duration
    let logger: Logger

    /// Chosen: whoever sets the first budget tells of it, so this is only for messages that were lost.
    private static let idle = Duration.seconds(5)
    private static let pruneInterval = Duration.seconds(3600)

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await look() }
            group.addTask { await election.repeating(Self.pruneInterval) { await prune() } }
        }
    }

    private func look() async {
        await cancelWhenGracefulShutdown {
            var due = ContinuousClock.now
            for await _ in every(interval) {
                guard election.isLeader, budgets.areSet || due <= .now else { continue }
                due = .now + Self.idle
                await publisher.look()
            }
        }
    }

    private func prune() async {
        do throws(PostgresError) { try await store.prune() } catch {
            logger.debug("ended periods of budgets are forgotten later", metadata: [LogKey.error: "\(error)"])
        }
    }
}
