import Shared
import TestSupport
import Testing

@testable import Submitter

@Suite(.timeLimit(.minutes(1)))
struct JobsTests {
    private static let job = #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#

    private func create(_ shim: ShimFixture, _ body: String = job, headers: [String: String] = [:]) async throws
        -> String
    {
        let response = try await shim.send("POST", "/api/v1/jobs", headers: headers, body: body)
        #expect(response.status == 202)
        let id = try JSON(parsing: response.body)["id"]?.stringValue ?? ""
        #expect(response.headers["location"] == "/api/v1/jobs/\(id)")
        return id
    }

    private func report(_ shim: ShimFixture, _ id: String, headers: [String: String] = [:]) async throws -> JSON {
        try JSON(parsing: try await shim.get("/api/v1/jobs/\(id)", headers: headers).body)
    }

    @Test func `a job goes from queued over running to done`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim)
            #expect(try await report(shim, id)["status"] == "queued")
            let work = try await shim.work()
            #expect(work.job.id == id)
            #expect(work.job.shim == nil)
            #expect(try await report(shim, id)["status"] == "running")
            try await work.finish(ChatTests.completion)

            let done = try await report(shim, id)
            #expect(done["status"] == "done")
            #expect(done["result"]?["choices"]?[0]?["message"]?["content"] == "yo")
            #expect(done["usage"]?["total_tokens"] == 5)
            #expect(done["provider"] == "sandbox")
            #expect(try await report(shim, "chatcmpl-\(id)") == done)
        }
    }

    @Test func `a streamed job is put together when it is looked at`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(
                shim, #"{"model":"m","stream":true,"priority":"batch","messages":[{"role":"user","content":"hi"}]}"#)
            var work = try await shim.work()
            #expect(work.job.lane == .batch)
            _ = try await work.say("Hel")
            _ = try await work.say("lo")
            try await work.finish()

            let done = try await report(shim, id)
            #expect(done["result"]?["choices"]?[0]?["message"]?["content"] == "Hello")
            #expect(done["result"]?["usage"]?["total_tokens"] == 5)
        }
    }

    /// Fault suite, seed 3, 2026-11-29: after `FLUSHALL` a job was `done` with no choices.
    @Test func `a streamed answer whose log ends its life while it is read is not found, in place of a part of it`()
        async throws
    {
        try await ShimFixture.run { shim in
            let id = try await create(
                shim, #"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#)
            var work = try await shim.work()
            _ = try await work.say("Hello")
            try await work.finish()
            let reader = JobReader(hub: shim.hub, clock: SystemWallClock())
            let found = try #require(try await reader.find(id, tenant: "default"))

            _ = try await shim.redis.send(RedisCommand("DEL", .string(shim.queue.keys.log(id))))

            #expect(try await reader.report(id, found) == nil)
        }
    }

    @Test func `a failed job says why, with the status it would have had`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim)
            try await shim.work().fail(JobFailure(.contextTooLong, "too long", param: "messages"))

            let failed = try await report(shim, id)
            #expect(failed["status"] == "error")
            #expect(failed["error"]?["code"] == "context_length_exceeded")
            #expect(failed["error_status"] == 400)
        }
    }

    @Test func `a queued job can be cancelled, and is then never started`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim)
            let response = try await shim.send("DELETE", "/api/v1/jobs/\(id)")

            #expect(response.status == 200)
            #expect(try JSON(parsing: response.body)["status"] == "cancelled")
            await #expect(throws: NothingToDo.notStarted) { _ = try await shim.work() }
        }
    }

    @Test func `every answer about a job names it`() async throws {
        try await ShimFixture.run { shim in
            let created = try await shim.send("POST", "/api/v1/jobs", body: ShimFixture.chat)
            let id = try #require(JSON(parsing: created.body)["id"]?.stringValue)
            #expect(created.headers["x-job-id"] == id)
            #expect(try await shim.get("/api/v1/jobs/\(id)").headers["x-job-id"] == id)
            #expect(try await shim.send("DELETE", "/api/v1/jobs/\(id)").headers["x-job-id"] == id)

            for path in ["/api/v1/jobs/0-unknown00", "/api/v1/jobs/0-unknown00/stream"] {
                let missing = try await shim.get(path)
                #expect(missing.status == 404)
                #expect(missing.headers["x-job-id"] == "0-unknown00")
                #expect(missing.text.contains(#""job_id":"0-unknown00""#))
            }
        }
    }

    @Test func `a cancelled job's report says what it has used`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim)
            var row = AttemptRecord(startedAt: 1, enqueuedAt: 1)
            row.usage.input = 7
            row.account = "a1"
            var work = try await shim.work(usage: row.encoded)
            _ = try await work.say("one")
            _ = try await work.say("two")
            _ = try await shim.send("DELETE", "/api/v1/jobs/\(id)")

            let report = try JSON(parsing: try await shim.get("/api/v1/jobs/\(id)").body)
            #expect(report["usage"]?["prompt_tokens"] == 7)
            #expect(report["usage"]?["completion_tokens"] == 2)
            #expect(report["usage_estimated"] == true)
            #expect(report["account"] == "a1")
        }
    }

    @Test func `a job that was cancelled before it began has used nothing`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim)
            let report = try JSON(parsing: try await shim.send("DELETE", "/api/v1/jobs/\(id)").body)
            #expect(report["usage"]?["total_tokens"] == 0)
            #expect(report["account"] == nil)
        }
    }

    @Test func `a running job's worker is nudged by a cancel, an ended one keeps its end`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim)
            var work = try await shim.work()
            _ = try await shim.send("DELETE", "/api/v1/jobs/\(id)")
            #expect(try await work.say("late") == .ended)

            let other = try await create(shim)
            try await shim.work().finish("{}")
            let response = try await shim.send("DELETE", "/api/v1/jobs/\(other)")
            #expect(try JSON(parsing: response.body)["status"] == "done")
        }
    }

    @Test func `a job belongs to its tenant`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim, headers: ["x-tenant": "one"])

            #expect(try await shim.get("/api/v1/jobs/\(id)", headers: ["x-tenant": "one"]).status == 200)
            #expect(try await shim.get("/api/v1/jobs/\(id)", headers: ["x-tenant": "two"]).status == 404)
            #expect(try await shim.get("/api/v1/jobs/\(id)").status == 404)
            #expect(try await shim.send("DELETE", "/api/v1/jobs/\(id)").status == 404)
        }
    }

    @Test(arguments: [true, false])
    func `a job can be read as a stream while it runs`(isStream: Bool) async throws {
        try await ShimFixture.run { shim in
            let id = try await create(
                shim, #"{"model":"m","stream":\#(isStream),"messages":[{"role":"user","content":"hi"}]}"#)
            let reader = try await shim.connect()
            try await reader.send("GET", "/api/v1/jobs/\(id)/stream")
            var work = try await shim.work()
            _ = try await work.say("a")
            try await reader.waitFor("\"a\"")
            _ = try await work.say("b")
            try await work.finish()

            let events = try await reader.response().events
            #expect(events.compactMap { $0.first { $0.hasPrefix("id:") } } == ["id: 1-1", "id: 1-2"])
            #expect(events.last == ["data: [DONE]"])
        }
    }

    @Test func `an unstreamed job's stream is its message in one chunk`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(shim)
            try await shim.work().finish(ChatTests.completion)

            let text = try await shim.get("/api/v1/jobs/\(id)/stream").text
            #expect(text.contains(#""delta":{"role":"assistant","content":"yo"}"#))
            #expect(text.hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test func `a stream goes on after the last event that was seen`() async throws {
        try await ShimFixture.run { shim in
            let id = try await create(
                shim, #"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#)
            var work = try await shim.work()
            for text in ["a", "b", "c"] { _ = try await work.say(text) }
            try await work.finish()

            let byHeader = try await shim.get("/api/v1/jobs/\(id)/stream", headers: ["last-event-id": "1-2"])
            #expect(byHeader.events.compactMap { $0.first { $0.hasPrefix("id:") } } == ["id: 1-3"])
            let byQuery = try await shim.get("/api/v1/jobs/\(id)/stream?last_event_id=1-3")
            #expect(byQuery.events.last == ["data: [DONE]"])
            let atEnd = try await shim.get("/api/v1/jobs/\(id)/stream?last_event_id=\(RequestLogID.end)")
            #expect(atEnd.events.last == ["data: [DONE]"])
        }
    }

    // MARK: - Idempotency

    @Test func `the same key with the same body is one request and one answer`() async throws {
        try await ShimFixture.run { shim in
            let key = ["idempotency-key": "k-1"]
            let first = try await shim.start(ShimFixture.stream, headers: key)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await first.waitFor("\"a\"")
            let second = try await shim.start(ShimFixture.stream, headers: key)
            try await second.waitFor("\"a\"")
            _ = try await work.say("b")
            try await work.finish()

            let answers = [try await first.response(), try await second.response()]
            #expect(answers[0].headers["x-job-id"] == answers[1].headers["x-job-id"])
            let texts = answers.map { $0.events.map { $0.map { $0.replacing(#/"created":\d+/#, with: "") } } }
            #expect(texts[0] == texts[1])
            #expect(try await shim.queued() == 0)
            let third = try await shim.send("POST", "/v1/chat/completions", headers: key, body: ShimFixture.stream)
            #expect(third.events.count == answers[0].events.count)
        }
    }

    @Test func `the same key with another body is a conflict`() async throws {
        try await ShimFixture.run { shim in
            let key = ["idempotency-key": "k-2"]
            let first = try await shim.start(ShimFixture.chat, headers: key)
            let work = try await shim.work()
            let second = try await shim.send("POST", "/v1/chat/completions", headers: key, body: ShimFixture.stream)
            #expect(second.status == 422)
            #expect(second.text.contains("idempotency_conflict"))

            try await work.finish(ChatTests.completion)
            #expect(try await first.response().text == ChatTests.completion)
        }
    }

    @Test func `keys of different tenants are different`() async throws {
        try await ShimFixture.run { shim in
            let ids = [
                try await create(shim, headers: ["idempotency-key": "k", "x-tenant": "one"]),
                try await create(shim, headers: ["idempotency-key": "k", "x-tenant": "two"]),
            ]
            #expect(ids[0] != ids[1])
            #expect(try await create(shim, headers: ["idempotency-key": "k", "x-tenant": "one"]) == ids[0])
            #expect(try await shim.queued() == 2)
        }
    }

    @Test func `a request with a key runs on when its caller leaves`() async throws {
        try await ShimFixture.run(configure: { $0.hub.cancelGrace = .zero }) { shim in
            let key = ["idempotency-key": "k-3"]
            let caller = try await shim.start(ShimFixture.chat, headers: key)
            let work = try await shim.work()
            try await caller.close()
            try await eventually("the shim has noticed") { try await self.openReplies(shim) == 0 }
            #expect(try await work.finish(ChatTests.completion) == .ok)

            let again = try await shim.send("POST", "/v1/chat/completions", headers: key, body: ShimFixture.chat)
            #expect(again.text == ChatTests.completion)
        }
    }

    private func openReplies(_ shim: ShimFixture) async throws -> Int { shim.hub.openCount }
}
