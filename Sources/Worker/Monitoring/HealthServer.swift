import Hummingbird
import Logging
import NIOCore
import Shared

/// `/live`, `/ready` and `/metrics` of a worker, on a small port of its own.
///
/// `/live` answers as long as the process can. `/ready` is 503 with the reason while the worker takes no jobs.
struct HealthServer {
    let readiness: Readiness
    let registry: MetricsRegistry
    /// Works while somebody scrapes.
    let collection: MetricsCollection

    func application(
        host: String, port: Int, on group: any EventLoopGroup, logger: Logger
    ) -> some ApplicationProtocol {
        let router = Hummingbird.Router()
        router.get("live") { _, _ in "ok\n" }
        router.get("ready") { _, _ in
            let problem = readiness.problem
            return Response(
                status: problem == nil ? .ok : .serviceUnavailable,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: (problem ?? "ok") + "\n")))
        }
        router.get("metrics") { _, _ in
            collection.ask()
            // A large catalogue has thousands of lines.
            let text = await onPool(if: true) { registry.text }
            return Response(
                status: .ok, headers: [.contentType: MetricsText.contentType],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        return Application(
            router: router, configuration: .init(address: .hostname(host, port: port), serverName: nil),
            eventLoopGroupProvider: .shared(group), logger: logger)
    }
}
