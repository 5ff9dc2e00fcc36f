import NIOPosix
import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HealthServerTests {
    private func asked(
        _ path: String, _ readiness: Readiness, _ metrics: WorkerMetrics = WorkerMetrics(),
        _ collection: MetricsCollection = MetricsCollection([], patience: .seconds(60))
    ) async throws -> HTTPResponse {
        let server = HealthServer(readiness: readiness, registry: metrics.registry, collection: collection)
        let port = try FreePort.find()
        let client = try HTTPClient()
        var answer: HTTPResponse?
        let application = server.application(
            host: "127.0.0.1", port: port, on: MultiThreadedEventLoopGroup.singleton, logger: PipelineFixture.silent)
        try await SupervisionFixture.running(application) {
            try await eventually("the server listens") {
                do throws(HTTPError) {
                    answer = try await client.collect(
                        HTTPRequest(method: "GET", url: "http://127.0.0.1:\(port)\(path)"))
                } catch { return false }
                return true
            }
        }
        await client.shutdown()
        return try #require(answer)
    }

    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    @Test func `a worker that is not ready is alive, and says why`() async throws {
        let readiness = Readiness()
        #expect(try await asked("/live", readiness).head.status == 200)
        let answer = try await asked("/ready", readiness)
        #expect(answer.head.status == 503)
        #expect(text(answer) == "Redis is not connected\n")

        readiness.redis(isUp: true)
        #expect(try await asked("/ready", readiness).head.status == 200)
    }

    @Test func `metrics count the jobs of all shards, and a scrape has figures collected`() async throws {
        let (metrics, collection) = (WorkerMetrics(), MetricsCollection([], patience: .seconds(60)))
        let running = [RunningJobs(), RunningJobs()]
        for number in 0..<4 {
            let attempt = Attempt(
                id: "0-\(number)", lane: .normal, worker: "w", entry: "1-\(number)", number: 1, deliveries: 1,
                deadline: 0, channel: "")
            running[number % 2].add(attempt, JobCancellation())
        }
        metrics.add(running: running, slots: 9) { true }

        let answer = try await asked("/metrics", Readiness(), metrics, collection)

        #expect(answer.head.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        for line in [
            "aims_jobs_running 4", "aims_worker_slots 9", "aims_dependency_up{dependency=\"redis\"} 1",
            "aims_build_info{version=\"\(Build.version)\",process=\"worker\"} 1",
        ] { #expect(text(answer).contains("\n\(line)\n")) }
        #expect(collection.isWanted)
    }
}
