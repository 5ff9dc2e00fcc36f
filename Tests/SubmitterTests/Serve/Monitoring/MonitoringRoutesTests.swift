import TestSupport
import Testing

@testable import Shared
@testable import Submitter

/// `/metrics`, `/api/v1/status/metrics` and `/api/v1/queue/scaling` of a running shim.
@Suite(.timeLimit(.minutes(1))) struct MonitoringRoutesTests {
    private func scrape(_ fixture: ShimFixture, has lines: [String]) async throws {
        for line in lines {
            try await eventually("/metrics has \(line)") {
                try await fixture.get("/metrics").text.contains("\n\(line)\n")
            }
        }
    }

    @Test func `requests are counted by the template of their path and by class of status`() async throws {
        try await ShimFixture.run { fixture in
            for path in ["/api/v1/jobs/0-unknown", "/api/v1/jobs/0-other", "/nowhere/else", "/v1/models/a/b/c"] {
                #expect(try await fixture.get(path).status == 404)
            }
            #expect(try await fixture.send("PUT", "/live").status == 405)
            #expect(try await fixture.get("/v1/models").status == 200)

            try await scrape(
                fixture,
                has: [
                    #"aims_http_requests_total{route="/api/v1/jobs/{id}",method="GET",status="4xx"} 2"#,
                    #"aims_http_requests_total{route="/v1/models/{id}",method="GET",status="4xx"} 1"#,
                    #"aims_http_requests_total{route="none",method="GET",status="4xx"} 1"#,
                    #"aims_http_requests_total{route="none",method="PUT",status="4xx"} 1"#,
                    #"aims_http_requests_total{route="/v1/models",method="GET",status="2xx"} 1"#,
                    #"aims_http_request_duration_seconds_count{route="/api/v1/jobs/{id}",method="GET"} 2"#,
                    #"aims_dependency_up{dependency="redis"} 1"#, "aims_streams_open 0", "aims_open_requests 0",
                ])
            let response = try await fixture.get("/metrics")
            #expect(response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(!response.text.contains("0-unknown") && !response.text.contains("nowhere"))
        }
    }

    @Test func `a scrape begins the collection, and later ones have what it found`() async throws {
        try await ShimFixture.run(configure: { $0.monitoring.interval = .milliseconds(50) }) { fixture in
            #expect(!(try await fixture.get("/metrics").text.contains("aims_queue_depth")))
            let caller = try await fixture.start(ShimFixture.chat)

            try await scrape(
                fixture, has: [#"aims_queue_depth{lane="normal"} 1"#, "aims_workers_alive 1", "aims_open_requests 1"])
            let text = try await fixture.get("/metrics").text
            #expect(text.contains("\naims_collector_last_success_timestamp_seconds "))
            #expect(text.contains("\naims_redis_memory_used_bytes{shard=\"0\"} "))

            try await fixture.work().finish(ChatTests.completion)
            #expect(try await caller.response().status == 200)
            try await scrape(fixture, has: [#"aims_queue_depth{lane="normal"} 0"#, "aims_open_requests 0"])
        }
    }

    @Test func `a stream counts as open for as long as it is written`() async throws {
        try await ShimFixture.run { fixture in
            let caller = try await fixture.start(ShimFixture.stream)
            var work = try await fixture.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            try await scrape(fixture, has: ["aims_streams_open 1"])

            try await work.finish()
            _ = try await caller.response()
            try await scrape(
                fixture,
                has: [
                    "aims_streams_open 0",
                    #"aims_http_requests_total{route="/v1/chat/completions",method="POST",status="2xx"} 1"#,
                ])
        }
    }

    @Test func `the scaling signal follows the queue`() async throws {
        try await ShimFixture.run { fixture in
            func wanted() async throws -> JSON? {
                try await fixture.get("/api/v1/queue/scaling").json["wanted_workers"]
            }
            #expect(try await wanted() == 0)
            let caller = try await fixture.start(ShimFixture.chat)
            try await eventually("one worker is wanted") { try await wanted() == 1 }
            try await fixture.work().finish(ChatTests.completion)
            _ = try await caller.response()

            let refused = try await fixture.get("/api/v1/queue/scaling?lane=high")
            #expect(refused.status == 400 && refused.text.contains(#""param":"lane""#))
        }
    }

    @Test func `the report has requests, queue and process`() async throws {
        try await ShimFixture.run { fixture in
            let report = try await fixture.get("/api/v1/status/metrics").json
            #expect(report["dependencies"]?["redis"]?["status"] == "ok")
            #expect(report["workers"]?["alive"] == 1 && report["queue"]?["ready"] == 0)
            #expect((report["requests"]?["answered"]?.intValue ?? 0) >= 1)
            #expect(report["process"]?["version"]?.stringValue == Build.version)
        }
    }

    @Test func `while Redis is away a scaler hears an error, and a scrape is answered at once`() async throws {
        let server = try await RedisServer.start()
        try await ShimFixture.run(server: server, configure: { $0.submission.timeout = .milliseconds(300) }) {
            fixture in
            try await server.kill9()
            #expect(try await fixture.get("/api/v1/queue/scaling").status == 503)
            let report = try await fixture.get("/api/v1/status/metrics").json
            #expect(report["dependencies"]?["redis"]?["status"] == "unavailable" && report["queue"] == .null)
            try await scrape(fixture, has: [#"aims_dependency_up{dependency="redis"} 0"#])
            try await server.restart()
        }
        await server.stop()
    }
}
