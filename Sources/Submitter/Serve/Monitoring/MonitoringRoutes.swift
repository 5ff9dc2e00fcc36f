import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Answers `/metrics`, `/api/v1/status/metrics`, the same as a stream, and `/api/v1/queue/scaling`.
struct MonitoringRoutes: Sendable {
    let registry: MetricsRegistry
    let collection: MetricsCollection
    let collector: FiguresCollector
    let report: FiguresReport
    let figures: LiveFigures
    let connections: CallerConnections
    let settings: MonitoringSettings

    /// Figures of this age are shown to whoever asks for them, so that many who ask cost one reading.
    private static let fresh = Duration.seconds(1)

    /// Calls no server: it has what was collected last.
    func metrics(_ request: Request, _ context: ShimContext) async -> Response {
        collection.ask()
        // Many accounts have thousands of lines.
        let text = await onPool(if: true) { registry.text }
        return Response(
            status: .ok, headers: [.contentType: MetricsText.contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// 200 also while Redis is away, since that is what it tells then.
    func status(_ request: Request, _ context: ShimContext) async throws -> Response {
        _ = try QueryFilters(request, [])
        collection.ask()
        return .json(report.json(await latest()))
    }

    /// `nil` while Redis is away.
    private func latest() async -> ServiceFigures? {
        do throws(RedisError) { return try await collector.figures(within: Self.fresh) } catch { return nil }
    }

    /// The figures at once, and each time that they are collected, until the process ends.
    func live(_ request: Request, _ context: ShimContext) async throws -> Response {
        _ = try QueryFilters(request, [])
        // A request for the head alone reads nothing.
        if request.method == .head {
            return .eventStream(ResponseBody { writer in try await writer.finish(nil) })
        }
        let reader = try figures.join()
        collection.ask()
        figures.tell(reader, await latest())
        let connection = connections.of(context.channel)
        return .eventStream(
            ResponseBody { [collection] writer in
                for await event in reader.events {
                    // Figures are collected as long as somebody asks for them.
                    collection.ask()
                    connection?.willWrite()
                    try await writer.write(event)
                    connection?.didWrite()
                }
                try await writer.finish(nil)
            })
    }

    /// 503 while Redis is away: a scaler must not take silence for an empty queue.
    func scaling(_ request: Request, _ context: ShimContext) async throws -> Response {
        _ = try QueryFilters(request, [])
        do throws(RedisError) {
            return .json(try await collector.figures(within: Self.fresh).scalingReport(settings.scaling))
        } catch { throw APIError.queueUnavailable }
    }
}
