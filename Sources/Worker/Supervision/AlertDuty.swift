import ServiceLifecycle
import Shared

/// Looks at the conditions of alerts: at all of them in the elected worker, at Redis in each one, since none is elected
/// without it.
struct AlertDuty: Service {
    let election: LeaderElection
    let parts: AlertParts
    let leading: AlertEvaluator
    let postgres: PostgresWatch
    let redis: RedisWatch

    func run() async throws {
        let (interval, alone) = (parts.settings.interval, parts.evaluator([redis.check]))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await election.repeating(interval) { await leading.look() } }
            group.addTask { await election.repeating(interval) { await postgres.look() } }
            group.addTask { await election.repeating(AlertParts.pruneInterval) { await parts.prune() } }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    for await _ in every(interval) where redis.isAway && !election.isLeader { await alone.look() }
                }
            }
        }
    }

    /// Messages are sent by the elected worker, and by each that may have seen what no elected one has.
    var sender: AlertSender? { parts.sender { election.isLeader || redis.isAway } }
}
