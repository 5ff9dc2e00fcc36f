import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Shared

extension Shim {
    /// The HTTP server.
    func application(
        _ table: RouteTable, _ parts: ShimParts, _ readiness: Readiness, _ group: any EventLoopGroup
    ) -> any Service {
        let (config, connections) = (config, parts.connections)
        // The server would say a second time where it listens.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return Application(
            router: table.router(logger, metrics, tracing?.tracer) { readiness.isDraining },
            server: HTTPServerBuilder { responder in
                ShimChannel(
                    responder: responder, connections: connections, idleTimeout: config.callers.idle,
                    maxDrained: config.requests.maxBodyBytes)
            },
            configuration: .init(
                address: .hostname(config.listen.host, port: config.listen.port), serverName: nil, backlog: 1024),
            onServerRunning: { [self] channel in await listening(channel) },
            eventLoopGroupProvider: .shared(group), logger: quiet)
    }

    private func listening(_ channel: any Channel) async {
        let address = channel.localAddress
        logger.info(
            "listening", metadata: [LogKey.address: "\(address?.ipAddress ?? "?"):\(address?.port ?? 0)"])
        do { try await channel.probesCallers(every: config.hub.ping) } catch {
            logger.warning(
                "callers that are gone are noticed late: TCP keep-alive cannot be set",
                metadata: [LogKey.error: "\(error)"])
        }
        await onListening(channel)
    }
}
