import Shared
import TestSupport
import Testing

@testable import Submitter

@Suite(.timeLimit(.minutes(1)))
struct ChatTests {
    static let completion =
        #"{ "id":"x", "object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"yo"}}]}"#

    @Test func `a completion passes through byte for byte`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.chat)
            let work = try await shim.work()
            try await work.finish(Self.completion)

            let response = try await caller.response()
            #expect(response.status == 200)
            #expect(response.text == Self.completion)
            #expect(response.headers["content-type"] == "application/json")
            #expect(response.headers["x-request-id"]?.isEmpty == false)
            #expect(response.headers["x-job-id"] == work.job.id)
        }
    }

    @Test func `the worker gets the request as the caller sent it`() async throws {
        try await ShimFixture.run { shim in
            let body = #"{"model":"m","x-unknown":1.0,"messages":[{"role":"user","content":"hi"}],"seed":12345678901}"#
            let caller = try await shim.start(body, headers: ["x-priority": "high", "x-tenant": "t1"])
            let work = try await shim.work()

            #expect(work.job.body == .inline(Array(body.utf8)))
            #expect(work.job.lane == .high)
            #expect(work.job.tenant == "t1")
            try await work.finish(Self.completion)
            _ = try await caller.response()
        }
    }

    @Test func `the log of a delivered answer has a short life`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.chat)
            let work = try await shim.work()
            try await work.finish(Self.completion)
            _ = try await caller.response()

            let most = shim.queue.limits.deliveredLogTTL.milliseconds
            try await eventually("the log has a short life") {
                let life = try await shim.redis.send(RedisCommand("PTTL", .string(shim.queue.keys.log(work.job.id))))
                    .int
                return (1...most).contains(life ?? 0)
            }
        }
    }

    @Test func `a stream arrives as events with exact ids`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("Hel", "lo")
            try await caller.waitFor("lo")
            _ = try await work.say(" 世界")
            try await work.finish()

            let response = try await caller.response()
            #expect(response.status == 200)
            #expect(response.headers["content-type"] == "text/event-stream; charset=utf-8")
            #expect(response.headers["cache-control"] == "no-cache")
            let head = #"data: {"id":"chatcmpl-\#(work.job.id)","object":"chat.completion.chunk","created":"#
            let events = response.events
            #expect(events.count == 4)
            #expect(events.dropLast().allSatisfy { $0.last?.hasPrefix(head) == true })
            #expect(events[0].count == 1)
            #expect(events[1].first == "id: 1-1")
            #expect(events[2].first == "id: 1-2")
            #expect(events[2].last?.hasSuffix(#","delta":{"content":" 世界"},"finish_reason":null}]}"#) == true)
            #expect(events[3] == ["data: [DONE]"])
        }
    }

    @Test func `include_usage adds a last chunk and a null in all others`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(
                #"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#
            )
            var work = try await shim.work()
            _ = try await work.say("a")
            try await work.finish()

            let events = try await caller.response().events
            #expect(events.count == 3)
            #expect(events[0].last?.contains(#""usage":null,"model":"m""#) == true)
            #expect(
                events[1].last?.hasSuffix(
                    #","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#) == true)
        }
    }

    @Test func `a failure before the first token has its own status`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            let work = try await shim.work()
            try await work.fail(JobFailure(.rateLimited, "slow down", retryAfter: .milliseconds(2500)))

            let response = try await caller.response()
            #expect(response.status == 429)
            #expect(response.headers["retry-after"] == "3")
            #expect(response.text.contains(#""type":"rate_limit_error""#))
        }
    }

    @Test func `a failure after text ends the stream with an error and without DONE`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            _ = try await work.say("a")
            try await caller.waitFor("\"a\"")
            try await work.fail(JobFailure(.streamBroken, "the platform's stream broke off"))

            let events = try await caller.response().events
            #expect(events.count == 2)
            #expect(
                events.last?.first?.hasPrefix(#"data: {"error":{"message":"the platform's stream broke off","#) == true)
        }
    }

    @Test func `the native API maps its request and adds route and cost`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(
                #"{"model_name":"m","messages":[{"role":"user","content":"hi"}],"parameters":{"temperature":0.5},"user_id":"u1","priority":"batch"}"#,
                path: "/api/v1/chat/completions")
            let work = try await shim.work()
            #expect(
                work.job.body
                    == .inline(
                        Array(
                            #"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0.5,"user":"u1"}"#
                                .utf8)))
            #expect(work.job.lane == .batch)
            #expect(work.job.user == "u1")
            try await work.finish(Self.completion)

            let text = try await caller.response().text
            #expect(
                text
                    == #"{"provider":"sandbox","account":"a","cost":0.5,"currency":"USD","attempts":[], "id":"x""#
                    + Self.completion.dropFirst(#"{ "id":"x""#.count))
        }
    }

    @Test func `pings keep a silent stream open`() async throws {
        try await ShimFixture.run(configure: { $0.hub.ping = .milliseconds(100) }) { shim in
            let caller = try await shim.start(ShimFixture.stream)
            var work = try await shim.work()
            try await caller.waitFor(": ping\n")
            _ = try await work.say("late")
            try await work.finish()

            let response = try await caller.response()
            #expect(response.status == 200)
            #expect(response.text.contains("late"))
            #expect(response.text.hasSuffix("data: [DONE]\n\n"))
        }
    }

    @Test func `one connection serves many requests`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            for number in 1...3 {
                try await caller.send("POST", "/v1/chat/completions", body: ShimFixture.chat)
                let work = try await shim.work()
                try await work.finish(#"{"answer":\#(number)}"#)
                try await caller.waitFor(#"{"answer":\#(number)}"#)
            }
            #expect(!caller.isClosed)
        }
    }
}
