import ServiceLifecycle
import Shared
import TestSupport
import Testing

@testable import Submitter

/// Redis goes away, comes back with its data, or comes back empty.
@Suite(.timeLimit(.minutes(1)))
struct OutageTests {
    @Test func `callers that wait survive a restart of redis`() async throws {
        let server = try await RedisServer.start("--appendfsync", "always")
        try await ShimFixture.run(server: server) { shim in
            let whole = try await shim.start(ShimFixture.chat)
            let wholeWork = try await shim.work()
            let stream = try await shim.start(ShimFixture.stream)
            var streamWork = try await shim.work()
            _ = try await streamWork.say("a")
            try await stream.waitFor("\"a\"")

            try await server.kill9()
            try await server.restart()
            try await wholeWork.finish(ChatTests.completion)
            _ = try await streamWork.say("b")
            try await streamWork.finish()

            #expect(try await whole.response().text == ChatTests.completion)
            let text = try await stream.response().text
            #expect(text.contains("\"a\"") && text.contains("\"b\"") && text.hasSuffix("data: [DONE]\n\n"))
        }
        await server.stop()
    }

    @Test func `a request that redis forgot is submitted again`() async throws {
        let server = try await RedisServer.start("--appendonly", "no")
        try await ShimFixture.run(server: server) { shim in
            let caller = try await shim.start(ShimFixture.chat)
            try await eventually("the request is queued") { try await shim.queued() == 1 }
            try await server.kill9()
            try await server.restart()
            try await shim.makeGroups()
            let work = try await shim.work()
            try await work.finish(ChatTests.completion)

            #expect(try await caller.response().text == ChatTests.completion)
        }
        await server.stop()
    }

    /// Sends a request whose caller may be told that nothing was accepted.
    @Test func `only what was accepted is submitted again`() async throws {
        let server = try await RedisServer.start("--appendonly", "no")
        try await ShimFixture.run(server: server) { shim in
            let caller = try await shim.start(ShimFixture.chat)
            try await eventually("the request is queued") { try await shim.queued() == 1 }
            let job = Job(id: "0-underway00", deadline: .max, body: .inline(Array(ShimFixture.chat.utf8)))
            let again = Resubmission(job: job, body: Array(ShimFixture.chat.utf8), bodyHash: nil)
            let reply = shim.hub.subscribe(to: job.id, .init(expires: .now + .seconds(60), resubmission: again))
            try await server.kill9()
            try await server.restart()
            try await shim.makeGroups()
            try await eventually("the accepted one is queued again") { try await shim.queued() == 1 }
            let work = try await shim.work()
            #expect(work.attempt.id != job.id)
            try await work.finish(ChatTests.completion)
            #expect(try await caller.response().text == ChatTests.completion)
            #expect(try await shim.queued() == 0)

            // Accepted by the server before: it is still looked for.
            reply.accepted(entry: "1-1")
            try await eventually("it is queued again, too") { try await shim.queued() == 1 }
        }
        await server.stop()
    }

    @Test func `without redis a request is refused soon, and readiness says so`() async throws {
        let server = try await RedisServer.start()
        try await ShimFixture.run(server: server, configure: { $0.submission.timeout = .milliseconds(300) }) { shim in
            try await server.kill9()
            try await eventually("/ready is 503") { try await shim.get("/ready").status == 503 }
            let refused = try await shim.send("POST", "/v1/chat/completions", body: ShimFixture.chat)

            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] != nil)
            #expect(refused.text.contains("queue_unavailable"))
            #expect(try await shim.get("/live").status == 200)
            try await server.restart()
            try await shim.ready()
        }
        await server.stop()
    }

    @Test func `a lost reply to a submission does not make two requests`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        try await ShimFixture.run(server: server, redisURL: proxy.url) { shim in
            proxy.loseReply()
            let caller = try await shim.start(ShimFixture.chat)
            let work = try await shim.work()
            try await work.finish(ChatTests.completion)
            #expect(try await caller.response().text == ChatTests.completion)

            // A second entry, where there is one, is recognised by the log, which therefore must stay.
            while try await shim.queued() > 0 {
                await #expect(throws: NothingToDo.notStarted) { _ = try await shim.work() }
            }
        }
        try await proxy.stop()
        await server.stop()
    }

    @Test func `a submission that nobody confirmed is cancelled, and the caller is told its id`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        try await ShimFixture.run(
            server: server, redisURL: proxy.url, configure: { $0.submission.timeout = .milliseconds(300) }
        ) { shim in
            proxy.set { $0.replyDelay = .seconds(60) }
            let refused = try await shim.send("POST", "/v1/chat/completions", body: ShimFixture.chat)
            #expect(refused.status == 503)
            let id = try #require(refused.headers["x-job-id"])
            let error = try JSON(parsing: refused.body)["error"]
            #expect(error?["job_id"]?.stringValue == id)
            #expect(error?["message"]?.stringValue?.contains("may have been accepted as job \(id)") == true)
            #expect(try await shim.queued() > 0)

            proxy.set { $0.replyDelay = .zero }
            proxy.cutAll()

            try await eventually("the request has ended", timeout: .seconds(20)) {
                try await shim.queue.logEdges(id)?.last.id == .end
            }
            while try await shim.queued() > 0 {
                await #expect(throws: NothingToDo.notStarted) { _ = try await shim.work() }
            }
        }
        try await proxy.stop()
        await server.stop()
    }

    @Test(arguments: ["/v1/chat/completions", "/api/v1/jobs"])
    func `with a key it is not cancelled: the caller can come back for it`(path: String) async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        try await ShimFixture.run(
            server: server, redisURL: proxy.url, configure: { $0.submission.timeout = .milliseconds(300) }
        ) { shim in
            // Redis must know the script: else the reply that gets lost is only that it does not.
            _ = try await shim.send("POST", "/api/v1/jobs", body: ShimFixture.chat)
            try await shim.work().finish(ChatTests.completion)
            proxy.set { $0.replyDelay = .seconds(60) }
            let key = ["idempotency-key": "k"]
            let refused = try await shim.send("POST", path, headers: key, body: ShimFixture.chat)
            #expect(refused.status == 503)
            #expect(refused.text.contains("same Idempotency-Key"))
            let id = try #require(refused.headers["x-job-id"])

            proxy.set { $0.replyDelay = .zero }
            proxy.cutAll()

            try await shim.ready()
            let work = try await shim.work()
            #expect(work.job.id == id)
            try await work.finish(ChatTests.completion)
        }
        try await proxy.stop()
        await server.stop()
    }

    @Test func `a cut subscription loses nothing`() async throws {
        let server = try await RedisServer.start()
        let proxy = try await FaultProxy.start(to: server.port)
        try await ShimFixture.run(server: server, redisURL: proxy.url) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            for number in 0..<50 {
                _ = try await work.say("<\(number)>")
                if number % 10 == 5 { proxy.cutAll() }
            }
            try await work.finish()

            let text = try await caller.response().text
            let numbers = text.matches(of: #/<(\d+)>/#).compactMap { Int($0.output.1) }
            #expect(numbers == Array(0..<50))
            #expect(text.hasSuffix("data: [DONE]\n\n"))
        }
        try await proxy.stop()
        await server.stop()
    }

    @Test func `a queue that is full refuses, and says when to come back`() async throws {
        try await ShimFixture.run(configure: { $0.admission.maxWaiting = 2 }) { shim in
            for _ in 0..<2 {
                _ = try await shim.send(
                    "POST", "/api/v1/jobs", body: #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#)
            }
            try await eventually("the shim has seen the full lane") {
                let response = try await shim.send("POST", "/api/v1/jobs", body: ShimFixture.chat)
                return response.status == 503 && response.text.contains("queue_full")
                    && response.headers["retry-after"] != nil
            }
        }
    }

    @Test func `a shim takes only so many open requests`() async throws {
        try await ShimFixture.run(configure: { $0.requests.maxOpen = 1 }) { shim in
            let first = try await shim.start(ShimFixture.chat)
            let work = try await shim.work()
            let second = try await shim.send("POST", "/v1/chat/completions", body: ShimFixture.chat)
            #expect(second.status == 503)
            #expect(second.text.contains("too_many_open_requests"))

            try await work.finish(ChatTests.completion)
            #expect(try await first.response().status == 200)
        }
    }

    @Test func `a shim holds only so many bytes of requests`() async throws {
        try await ShimFixture.run(configure: { $0.requests.maxOpenBytes = 4000 }) { shim in
            let body = ShimFixture.chat.replacing("hi", with: String(repeating: "x", count: 3000))
            let first = try await shim.start(body)
            let work = try await shim.work()
            for path in ["/v1/chat/completions", "/api/v1/jobs"] {
                let second = try await shim.send("POST", path, body: body)
                #expect(second.status == 503)
                #expect(second.headers["retry-after"] == "1")
                #expect(second.text.contains("too_many_open_bytes") && second.text.contains("ADMISSION_BYTES"))
            }
            #expect(try await shim.send("POST", "/api/v1/jobs", body: ShimFixture.chat).status == 202)

            try await work.finish(ChatTests.completion)
            #expect(try await first.response().status == 200)
            try await eventually("there is room again") {
                try await shim.send("POST", "/api/v1/jobs", body: body).status == 202
            }
        }
    }

    @Test func `a shutdown lets open requests end`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            await shim.services.triggerGracefulShutdown()
            try await eventually("new connections are refused") {
                do {
                    try await shim.connect().close()
                    return false
                } catch { return true }
            }
            _ = try await work.say("b")
            try await work.finish()

            #expect(try await caller.response().text.hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test func `callers that wait longer than a shutdown may last are told so`() async throws {
        try await ShimFixture.run(configure: { $0.drain.timeout = .milliseconds(200) }) { shim in
            let whole = try await shim.start(ShimFixture.chat)
            let wholeWork = try await shim.work()
            let stream = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await stream.waitFor("\"a\"")
            await shim.services.triggerGracefulShutdown()

            let refused = try await whole.response()
            #expect(refused.status == 503)
            #expect(refused.headers["retry-after"] == "1")
            let events = try await stream.response().events
            #expect(events.last?.first?.contains(#""code":"shutting_down""#) == true)
            #expect(!events.contains(["data: [DONE]"]))
            // Looked at without a change: a worker that finishes before the cancel arrives has answered, and
            // rightly so.
            try await eventually("the unstreamed request is cancelled") {
                guard case .end(let end)? = try await shim.queue.logEdges(wholeWork.job.id)?.last.record else {
                    return false
                }
                return end.status == .cancelled
            }
            #expect(try await wholeWork.finish(ChatTests.completion) == .ended)
        }
    }
}
