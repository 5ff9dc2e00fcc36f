import Shared
import Synchronization

/// Makes room for other requests where the machine is busy.
extension BatchService {
    /// Chosen: short enough to see a busy moment, and 100 wakes a second only while both kinds of requests are there.
    private static let sample = Duration.milliseconds(10)
    private static let samples = 20

    /// Until the process ends.
    func makeRoom(_ runners: Runners) async {
        while await Task.pause(for: .milliseconds(200)) {
            let all = runners.all.withLock { Array($0.values) }
            guard !all.isEmpty else { continue }
            let lag = parts.others.areThere ? await Self.lag() : nil
            for runner in all {
                runner.state.change { progress in
                    progress.pace.share(lag: lag)
                    return true
                }
            }
        }
    }

    /// The lateness of timers: the second latest of twenty.
    private static func lag() async -> Duration {
        var late: [Duration] = []
        for _ in 0..<samples {
            let due = ContinuousClock.now + sample
            guard await Task.pause(for: sample) else { return .zero }
            late.append(ContinuousClock.now - due)
        }
        return late.sorted().dropLast().last ?? .zero
    }
}
