/// The interval of the loops that look for waiting work in Redis: longer in a worker that has had no job for a while.
///
/// What such a worker finds late is what another one put aside and no longer looks after.
struct IdlePace: Sendable {
    let running: [RunningJobs]
    let busy: Duration
    let idle: Duration

    /// Chosen: retries after a failure mostly come within that time.
    private static let patience = Duration.seconds(5)

    var interval: Duration {
        running.allSatisfy { $0.areQuiet(for: Self.patience) } ? max(busy, idle) : busy
    }
}
