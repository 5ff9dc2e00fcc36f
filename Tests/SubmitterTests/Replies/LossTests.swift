import Shared
import TestSupport
import Testing

@testable import Submitter

/// Messages that the fast path loses, and callers that are slow, leave or come back.
@Suite(.timeLimit(.minutes(1)))
struct LossTests {
    private func texts(_ response: RawResponse) -> String {
        response.text.matches(of: #/"content":"([^"]*)"/#).map { String($0.output.1) }.joined()
    }

    @Test func `a lost message in the middle is read from the log`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await work.sayUnheard("b")
            _ = try await work.say("c")
            try await work.finish()

            #expect(texts(try await caller.response()) == "abc")
        }
    }

    @Test func `a lost end is found by the sweep`() async throws {
        try await ShimFixture.run(configure: { $0.hub.silence = .milliseconds(200) }) { shim in
            let stream = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await work.sayUnheard("b")
            try await work.finish(isHeard: false)
            #expect(texts(try await stream.response()) == "ab")

            let whole = try await shim.start(ShimFixture.chat)
            try await shim.work().finish(ChatTests.completion, isHeard: false)
            #expect(try await whole.response().text == ChatTests.completion)
        }
    }

    @Test func `a worker lost after text is shown as an error that says so`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await work.fail(JobFailure(.workerLost, "the worker was lost"))

            let events = try await caller.response().events
            #expect(events.last?.first?.contains(#""code":"worker_lost""#) == true)
            #expect(!events.contains(["data: [DONE]"]))
        }
    }

    @Test func `an answer that begins again is announced`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(
                #"{"model_name":"m","on_worker_loss":"restart","messages":[{"role":"user","content":"hi"}]}"#,
                path: "/api/v1/chat/completions/stream")
            var work = try await shim.work()
            _ = try await work.say("old")
            try await caller.waitFor("old")
            var next = try await shim.reap(work)
            _ = try await next.say("new")
            try await next.finish()

            let events = try await caller.response().events
            #expect(events.contains(["event: restart", #"data: {"attempt":2}"#]))
            #expect(events.compactMap { $0.first { $0.hasPrefix("id:") } } == ["id: 1-1", "id: 2-1"])
        }
    }

    @Test func `a slow caller gets everything in the end, and memory stays bounded`() async throws {
        try await ShimFixture.run(configure: { $0.hub.bufferedBytes = 64 * 1024 }) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            try await caller.setReading(false)
            let piece = String(repeating: "x", count: 16 * 1024)
            for number in 0..<400 { _ = try await work.say("\(number):\(piece)") }
            try await work.finish()
            try await caller.setReading(true)

            let response = try await caller.response(timeout: .seconds(30))
            let numbers = response.text.matches(of: #/"content":"(\d+):/#).compactMap { Int($0.output.1) }
            #expect(numbers == Array(0..<400))
            #expect(response.text.hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test func `a caller that takes nothing is disconnected, and its request cancelled`() async throws {
        try await ShimFixture.run(configure: {
            $0.callers.writing = .milliseconds(300)
            $0.hub.cancelGrace = .zero
        }) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            try await caller.setReading(false)
            let piece = String(repeating: "x", count: 64 * 1024)
            try await eventually("the request is cancelled", timeout: .seconds(20)) {
                try await work.say(piece) == .ended
            }
            #expect(shim.hub.openCount == 0)
        }
    }

    @Test func `a whole answer nobody waits for is cancelled at once`() async throws {
        try await ShimFixture.run(configure: { $0.hub.cancelGrace = .seconds(60) }) { shim in
            let caller = try await shim.start(ShimFixture.chat)
            var work = try await shim.work()
            try await caller.close()

            try await eventually("the worker is refused", timeout: .seconds(5)) { try await work.say("x") == .ended }
        }
    }

    @Test func `a stream whose caller does not come back is cancelled after its grace`() async throws {
        try await ShimFixture.run(configure: { $0.hub.cancelGrace = .milliseconds(200) }) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            try await caller.close()

            try await eventually("the worker is refused", timeout: .seconds(5)) { try await work.say("x") == .ended }
        }
    }

    @Test func `who cannot resume has no grace, who can resume has some, and before its first event nobody has`()
        async throws
    {
        try await ShimFixture.run(configure: { $0.hub.resumeGrace = .seconds(60) }) { shim in
            let native = #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#
            let path = "/api/v1/chat/completions/stream"
            for (body, path, speaks, isCancelled) in [
                (ShimFixture.stream, "/v1/chat/completions", true, true), (native, path, true, false),
                (native, path, false, true),
            ] {
                let caller = try await shim.start(body, path: path)
                var work = try await shim.work()
                if speaks {
                    _ = try await work.say("a")
                    try await caller.waitFor("\"a\"")
                }
                try await caller.close()
                try await eventually("the shim has noticed") { shim.hub.openCount == 0 }
                let id = work.job.id
                try await eventually("the cancel is decided") {
                    let isEnded = try await shim.queue.logEdges(id)?.last.id == .end
                    return isCancelled ? isEnded : shim.hub.isKnown(id) && !isEnded
                }
                #expect(try await work.say("b") == (isCancelled ? .ended : .ok))
            }
        }
    }

    @Test func `who resumes has grace before anything was written, and asking for the head is no leaving`()
        async throws
    {
        try await ShimFixture.run(configure: { $0.hub.resumeGrace = .seconds(60) }) { shim in
            let body = #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#
            let caller = try await shim.start(body, path: "/api/v1/chat/completions/stream")
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            let path = "/api/v1/jobs/\(work.job.id)/stream"
            #expect(try await shim.send("HEAD", path).status == 200)
            try await caller.close()
            try await eventually("the shim has noticed") { shim.hub.openCount == 0 }
            let again = try await shim.connect()
            try await again.send("GET", path, headers: ["last-event-id": "1-1"])
            try await eventually("the caller is back") { shim.hub.openCount == 1 }
            try await again.close()
            try await eventually("the shim has noticed again") { shim.hub.openCount == 0 }
            let later = ContinuousClock.now + .milliseconds(300)
            try await eventually("a cancel would be done") { ContinuousClock.now > later }
            #expect(try await work.say("b") == .ok)
        }
    }

    @Test func `a caller that comes back in time goes on where it was`() async throws {
        try await ShimFixture.run(configure: { $0.hub.cancelGrace = .seconds(2) }) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            try await caller.close()
            try await eventually("the shim has noticed") { shim.hub.openCount == 0 }
            let again = try await shim.connect()
            try await again.send("GET", "/api/v1/jobs/\(work.job.id)/stream", headers: ["last-event-id": "1-1"])
            try await eventually("the caller is back") { shim.hub.openCount == 1 }
            let grace = ContinuousClock.now + .milliseconds(2200)
            try await eventually("the grace is over") { ContinuousClock.now > grace }
            #expect(try await work.say("b") == .ok)
            try await work.finish()

            #expect(texts(try await again.response()) == "b")
        }
    }

    @Test func `a caller may come back at another shim`() async throws {
        let prefix = "shims-\(UInt64.random(in: .min ... .max)):"
        try await ShimFixture.run(prefix: prefix, configure: { $0.hub.cancelGrace = .seconds(2) }) { one in
            try await ShimFixture.run(prefix: prefix) { two in
                let caller = try await one.start(ShimFixture.stream)
                var work = try await one.work()
                _ = try await work.say("a")
                try await caller.waitFor("\"a\"")
                try await caller.close()
                try await eventually("the first shim has noticed") { one.hub.openCount == 0 }
                let again = try await two.connect()
                try await again.send("GET", "/api/v1/jobs/\(work.job.id)/stream")
                try await again.waitFor("\"a\"")
                let grace = ContinuousClock.now + .milliseconds(2200)
                try await eventually("the grace is over") { ContinuousClock.now > grace }
                #expect(try await work.say("b") == .ok)
                try await again.waitFor("\"b\"")
                try await work.finish()

                #expect(texts(try await again.response()) == "ab")
            }
        }
    }

    @Test func `nobody waits longer than the deadline and the lease`() async throws {
        try await ShimFixture.run(configure: { $0.limits.lease = .milliseconds(100) }) { shim in
            let started = ContinuousClock.now
            let caller = try await shim.start(ShimFixture.chat, headers: ["x-deadline-ms": "200"])
            let response = try await caller.response(timeout: .seconds(10))

            #expect(response.status == 504)
            #expect(response.text.contains("deadline_exceeded"))
            #expect(ContinuousClock.now - started < .seconds(8))
            await #expect(throws: NothingToDo.notStarted) { _ = try await shim.work() }
        }
    }
}
