import Shared

/// Settings of what the elected worker does (`LeaderTasks`).
struct LeaderSettings: Sendable {
    var healthCheckInterval: Duration
    /// Share of a quota from which on an alert is raised.
    var quotaAlertThreshold: Double
    var alerts: AlertThresholds
    var quotaRefresh: Duration
    var budgetRefresh: Duration
    var lease: Duration

    init(_ settings: inout Settings) {
        healthCheckInterval = settings.seconds(
            "HEALTH_CHECK_INTERVAL", default: 300, in: 1...86_400,
            "How often one worker probes all accounts; disabled ones come back by it.")
        quotaAlertThreshold = settings.number(
            "QUOTA_ALERT_THRESHOLD", default: 0.8, in: 0.01...1,
            "Share of a quota from which on an alert is raised.")
        alerts = AlertThresholds(&settings)
        quotaRefresh = settings.seconds(
            "QUOTA_REFRESH", default: 30, in: 1...3600, "How often used quotas are set from the ledger.")
        budgetRefresh = settings.seconds(
            "BUDGET_REFRESH", default: 0.5, in: 0.1...60,
            "How often used budgets are read from the ledger while there are any; so late all processes know that one is used up."
        )
        lease = settings.seconds(
            "LEADER_LEASE", default: 5, in: 1...60,
            "After so long another worker takes over probes, quotas and alerts from one that is gone.")
    }
}
