import Hummingbird
import Shared

/// Answers `GET /live` as long as the process runs, and `GET /ready` with 503 and the reasons where it can take no
/// work.
struct HealthRoutes: Sendable {
    let readiness: Readiness

    func live(_ request: Request, _ context: ShimContext) async -> Response { .json(["status": "ok"]) }

    func ready(_ request: Request, _ context: ShimContext) async -> Response {
        let problems = readiness.problems
        return .json(
            [
                "status": problems.isEmpty ? "ok" : "unavailable",
                "workers": readiness.workers.map { .int($0) } ?? .null,
                "problems": .array(problems.map { .string($0) }),
            ], status: problems.isEmpty ? .ok : .serviceUnavailable)
    }
}
