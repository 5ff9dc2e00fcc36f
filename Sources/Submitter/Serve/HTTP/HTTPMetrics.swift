import CoreMetrics
import HTTPTypes
import Hummingbird
import Shared

/// Counts HTTP requests by the template of their path, never by the path.
///
/// All handles are made with the table of routes, so that a request only finds its own.
struct HTTPMetrics: Sendable {
    /// The handles of a path and a method.
    struct Route: Sendable {
        fileprivate let method: HTTPRequest.Method
        /// By class of status, from 1xx on.
        private let counts: [Counter]
        private let duration: Timer

        fileprivate init(
            _ registry: MetricsRegistry, _ path: String, _ method: HTTPRequest.Method, called name: String? = nil
        ) {
            self.method = method
            let name = name ?? method.rawValue
            counts = (1...5).map { registry.counter(.httpRequests, path, name, "\($0)xx") }
            duration = registry.timer(.httpDuration, path, name)
        }

        func ended(_ status: HTTPResponse.Status, after time: Duration) {
            counts[min(max(status.code / 100, 1), counts.count) - 1].increment()
            duration.record(time)
        }
    }

    /// By the path as the router describes it.
    private let routes: [String: [Route]]
    /// For paths that do not exist, and methods that a path has not.
    private let unrouted: [Route]
    private let other: Route

    init(_ registry: MetricsRegistry, _ table: RouteTable) {
        routes = table.routes.reduce(into: [:]) { routes, route in
            routes[route.template, default: []].append(Route(registry, route.template, route.method))
        }
        let methods: [HTTPRequest.Method] = [.get, .post, .put, .patch, .delete, .options]
        unrouted = methods.map { Route(registry, "none", $0) }
        other = Route(registry, "none", .trace, called: "other")
    }

    /// `path` is the one that the router has found, and HEAD is a GET to it.
    func route(_ path: String?, _ method: HTTPRequest.Method) -> Route {
        let method = method == .head ? .get : method
        let known = path.flatMap { routes[$0] } ?? unrouted
        return known.first { $0.method == method } ?? other
    }
}
