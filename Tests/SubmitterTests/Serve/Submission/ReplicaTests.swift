import Shared
import TestSupport
import Testing

@testable import Submitter

/// `SUBMIT_WAIT_REPLICAS`, with a real replica that is stopped by SIGSTOP.
@Suite(.timeLimit(.minutes(1))) struct ReplicaTests {
    private static let job = #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#

    @Test func `a job counts as accepted when a replica has it, and else is queued and says so`() async throws {
        let primary = try await RedisServer.start("--repl-diskless-sync-delay", "0")
        let replica = try await RedisServer.start("--replicaof", "127.0.0.1 \(primary.port)")
        try await eventually("the replica follows") {
            try await redisCLI(replica.port, "INFO", "replication").contains("master_link_status:up")
        }
        try await ShimFixture.run(
            server: primary,
            configure: {
                $0.submission.replicas = 1
                $0.submission.replicaTimeout = .seconds(3)
            }
        ) { shim in
            let together = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await shim.send("POST", "/api/v1/jobs", body: Self.job).status }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(together == [202])

            replica.pause()
            let key = ["Idempotency-Key": "one"]
            let refused = try await shim.send("POST", "/api/v1/jobs", headers: key, body: Self.job)
            #expect(refused.status == 503)
            #expect(try JSON(parsing: refused.body)["error"]?["code"] == "not_replicated")
            let id = refused.headers["x-job-id"] ?? ""
            #expect(try JSON(parsing: try await shim.get("/api/v1/jobs/\(id)").body)["status"] == "queued")

            replica.resume()
            let again = try await shim.send("POST", "/api/v1/jobs", headers: key, body: Self.job)
            #expect(again.status == 202)
            #expect(try JSON(parsing: again.body)["id"]?.stringValue == id)
            #expect(try await shim.queued() == 21)
        }
        await replica.stop()
        await primary.stop()
    }
}
