import Shared

/// Settings of `Reaper`.
struct ReapSettings: Sendable {
    var interval: Duration
    /// Jobs taken over in one call at most.
    var batch: Int

    init(_ settings: inout Settings) {
        interval = settings.seconds(
            "REAP_INTERVAL", default: 2, in: 0.1...60,
            "How often a worker looks for jobs whose worker is gone; with LEASE, how late they go on.")
        batch = settings.int(
            "REAP_BATCH", default: 32, in: 1...1000,
            "Jobs taken over in one call at most; a look makes as many as it needs.")
    }
}
