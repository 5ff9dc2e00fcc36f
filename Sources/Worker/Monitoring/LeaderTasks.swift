import ServiceLifecycle

/// What one worker does for all: looks after disabled accounts and alerts, quotas, probes, dead letters.
struct LeaderTasks: Service {
    let leadership: LeaderElection
    let watch: AccountSupervisor
    let quotas: QuotaMeter
    let prober: HealthProber
    let deadLetters: DeadLetterWatch
    let configuration: WorkerConfig

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await leadership.repeating(.seconds(1)) { await watch.look() } }
            group.addTask { await leadership.repeating(DeadLetterWatch.interval) { await deadLetters.look() } }
            group.addTask { await leadership.repeating(.seconds(2)) { await quotas.measure(onlyForgotten: true) } }
            group.addTask {
                await leadership.repeating(configuration.quotaRefresh) { await quotas.measure(onlyForgotten: false) }
            }
            group.addTask { await leadership.repeating(configuration.healthCheckInterval) { await prober.probeAll() } }
        }
    }
}
