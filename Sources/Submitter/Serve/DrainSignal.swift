import ServiceLifecycle
import Shared

/// Turns readiness off before the server stops accepting, and says when the callers that still wait are sent away.
///
/// It starts last, so it is the first to be told of a shutdown. Connections are taken for `delay` longer: a load
/// balancer that has not looked at `/ready` since would see them refused, and those that the kernel took already would
/// be reset.
struct DrainSignal: Service {
    let readiness: Readiness
    let hub: ReplyHub
    let settings: DrainSettings

    func run() async throws {
        do { try await gracefulShutdown() } catch { return }
        readiness.drain()
        // Also where the sleep is cut short: somebody is in a hurry then.
        defer { hub.drain(for: settings.timeout) }
        do { try await EventLoopTimer.sleep(for: settings.delay) } catch { return }
    }
}

/// The limits of a shutdown.
struct DrainSettings: Sendable {
    /// Chosen: load balancers and Kubernetes' endpoints take one to two seconds to look elsewhere.
    var delay = Duration.seconds(2)
    var timeout = Duration.seconds(120)

    init() {}

    init(_ settings: inout Settings) {
        delay = settings.seconds(
            "DRAIN_DELAY", default: 2, in: 0...300,
            "How long connections are still taken after SIGTERM, while `/ready` is 503 already: load balancers look elsewhere meanwhile."
        )
        timeout = settings.seconds(
            "DRAIN_TIMEOUT", default: 120, in: 0...3600, "How long open requests may run on after SIGTERM.")
    }
}
