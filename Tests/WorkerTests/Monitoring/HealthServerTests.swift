import NIOPosix
import Shared
import TestSupport
import Testing

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct HealthServerTests {
    private func asked(
        _ path: String, _ readiness: Readiness, running: [RunningJobs] = [RunningJobs()]
    ) async throws -> HTTPResponse {
        let server = HealthServer(
            readiness: readiness, metrics: WorkerMetrics(), running: running, slots: 4)
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

    @Test func `metrics count the jobs of all shards`() async throws {
        let answer = try await asked("/metrics", Readiness(), running: [RunningJobs(), RunningJobs()])
        #expect(answer.head.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(text(answer).contains("\nworker_jobs_running 0\n"))
        #expect(text(answer).contains("\nworker_slots 4\n"))
    }
}
