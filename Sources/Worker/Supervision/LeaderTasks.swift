import ServiceLifecycle

/// Runs the duties of the elected worker: disabled accounts and alerts, quotas, probes, dead letters,
/// partitions of the ledger.
struct LeaderTasks: Service {
    let election: LeaderElection
    let supervisor: AccountSupervisor
    let quotas: QuotaReconciler
    let prober: HealthProber
    let deadLetters: DeadLetterWatch
    let partitions: PartitionKeeper
    let settings: LeaderSettings
    /// For conditions of alerts.
    let interval: Duration

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await election.repeating(.seconds(1)) { await supervisor.look() } }
            group.addTask { await election.repeating(interval) { await deadLetters.look() } }
            group.addTask { await election.repeating(PartitionKeeper.interval) { await partitions.look() } }
            group.addTask { await election.repeating(.seconds(2)) { await quotas.measure(onlyForgotten: true) } }
            group.addTask {
                await election.repeating(settings.quotaRefresh) { await quotas.measure(onlyForgotten: false) }
            }
            group.addTask { await election.repeating(settings.healthCheckInterval) { await prober.probeAll() } }
        }
    }
}
