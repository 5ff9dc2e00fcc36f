import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// Answers `/metrics`, `/api/v1/status/metrics` and `/api/v1/queue/scaling`.
struct MonitoringRoutes: Sendable {
    let registry: MetricsRegistry
    let collection: MetricsCollection
    let collector: FiguresCollector
    let settings: MonitoringSettings
    let shim: String
    let clock: any WallClock

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
        let figures: ServiceFigures?
        do throws(RedisError) { figures = try await collector.figures(within: Self.fresh) } catch { figures = nil }
        return .json(MetricsReport(registry.readings, figures, shim: shim, now: clock.now).json)
    }

    /// 503 while Redis is away: a scaler must not take silence for an empty queue.
    func scaling(_ request: Request, _ context: ShimContext) async throws -> Response {
        _ = try QueryFilters(request, [])
        do throws(RedisError) {
            return .json(try await collector.figures(within: Self.fresh).scalingReport(settings.scaling))
        } catch { throw APIError.queueUnavailable }
    }
}
