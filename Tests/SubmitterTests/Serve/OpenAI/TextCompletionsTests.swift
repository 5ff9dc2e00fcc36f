import NIOCore
import Shared
import TestSupport
import Testing

@testable import Submitter

/// `POST /v1/completions`: text in, text out, over a chat.
@Suite struct TextCompletionsTests {
    private static let path = "/v1/completions"
    private static let done =
        #"{"id":"x","object":"chat.completion","created":5,"model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"yo","reasoning_content":"hm"},"finish_reason":"length"},{"index":1,"message":{"role":"assistant","content":null},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#
    private static let text =
        #"{"id":"x","object":"text_completion","created":5,"model":"m-1","choices":[{"text":"yo","index":0,"logprobs":null,"finish_reason":"length"},{"text":"","index":1,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#

    @Test(arguments: [#""Say yo""#, #"["Say yo"]"#])
    func `a prompt is a message of the user, and its answer a text`(_ prompt: String) async throws {
        try await ShimFixture.run { shim in
            let rest =
                #""max_tokens":9,"temperature":0.5,"n":2,"best_of":2,"stop":["a"],"seed":7,"user":"u","#
                + #""echo":false,"logprobs":null,"suffix":"""#
            let caller = try await shim.start(#"{"model":"m","prompt":\#(prompt),\#(rest)}"#, path: Self.path)
            let work = try await shim.work()
            let body = try #require(work.queued)
            #expect(
                body
                    == #"{"model":"m","max_tokens":9,"temperature":0.5,"n":2,"stop":["a"],"seed":7,"user":"u","messages":[{"role":"user","content":"Say yo"}]}"#
            )
            #expect(work.job.user == "u")
            try await work.finish(Self.done)
            #expect(try await caller.response().text == Self.text)
        }
    }

    @Test func `the job carries the caller's own text request beside the chat, and no other twice`() async throws {
        let text = #"{"model":"m","prompt":"x"}"#
        let requests = [
            (Self.path, text, Job.Original(.openAIText, Array(text.utf8))),
            (Self.path, #"{"model":"m","prompt":"\#(String(repeating: "x", count: 9000))"}"#, nil),
            ("/v1/chat/completions", ShimFixture.chat, nil),
            ("/api/v1/chat/completions", #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"#, nil),
        ]
        try await ShimFixture.run { shim in
            for (path, body, original) in requests {
                let caller = try await shim.start(body, path: path)
                let work = try await shim.work()
                #expect(work.job.original == original)
                try await work.finish(Self.done)
                #expect(try await caller.response().status == 200)
            }
        }
    }

    @Test func `a stream is one of texts, with cursors, usage and an end`() async throws {
        try await ShimFixture.run { shim in
            let body = #"{"model":"m","prompt":"x","stream":true,"stream_options":{"include_usage":true}}"#
            let caller = try await shim.start(body, path: Self.path)
            var work = try await shim.work()
            _ = try await work.say("a", "b", "")
            _ = try await work.say("")
            _ = try await work.say("c")
            try await work.finish()
            let events = try await caller.response().events
            let chunks = try events.dropLast().map { lines in
                try JSON(parsing: Array(try #require(lines.last).dropFirst("data: ".count).utf8))
            }
            #expect(events.last == ["data: [DONE]"])
            #expect(events.compactMap { $0.first { $0.hasPrefix("id:") } } == ["id: 1-1", "id: 1-3"])
            #expect(chunks.allSatisfy { $0["object"] == "text_completion" && $0["model"] == "m" })
            #expect(chunks.allSatisfy { $0["id"] == .string("cmpl-" + work.job.id) })
            let texts = chunks.dropLast().map { $0["choices"]?.arrayValue?.first?["text"]?.stringValue }
            #expect(texts == ["a", "b", "c"])
            #expect(chunks.dropLast().allSatisfy { $0["usage"] == .null })
            #expect(chunks.last?["usage"]?["total_tokens"] == 5 && chunks.last?["choices"] == [])
            #expect(try await shim.get("/api/v1/jobs/cmpl-\(work.job.id)").status == 200)
        }
    }

    @Test func `thoughts, of which a text says nothing, keep no ping away`() async throws {
        try await ShimFixture.run(configure: { $0.hub.ping = .seconds(1) }) { shim in
            let caller = try await shim.start(#"{"model":"m","prompt":"x","stream":true}"#, path: Self.path)
            var work = try await shim.work()
            try await eventually("a ping between thoughts") {
                _ = try await work.say("")
                return caller.text.contains(": ping\n")
            }
            try await work.finish()
            try await caller.waitFor("data: [DONE]\n\n")
        }
    }

    @Test func `the same key gives the same text again, and another body a conflict`() async throws {
        try await ShimFixture.run { shim in
            let (key, body) = (["idempotency-key": "k"], #"{"model":"m","prompt":"x"}"#)
            let first = try await shim.start(body, path: Self.path, headers: key)
            try await shim.work().finish(Self.done)
            #expect(try await first.response().text == Self.text)
            #expect(try await shim.send("POST", Self.path, headers: key, body: body).text == Self.text)
            #expect(try await shim.queued() == 0)
            let other = #"{"model":"m","prompt":"y"}"#
            #expect(try await shim.send("POST", Self.path, headers: key, body: other).status == 422)
        }
    }

    private static let refusals: [(String, String, String)] = [
        (#""prompt":["a","b"]"#, "prompt", "unsupported_parameter"),
        (#""prompt":[1,2]"#, "prompt", "unsupported_parameter"),
        (#""prompt":[[1,2]]"#, "prompt", "unsupported_parameter"), (#""prompt":[]"#, "prompt", "unsupported_parameter"),
        (#""prompt":null"#, "prompt", "missing_required_parameter"),
        (#""x":1"#, "prompt", "missing_required_parameter"),
        (#""prompt":{}"#, "prompt", "invalid_type"), (#""prompt":"a","suffix":"b""#, "suffix", "unsupported_parameter"),
        (#""prompt":"a","echo":true"#, "echo", "unsupported_parameter"),
        (#""prompt":"a","logprobs":0"#, "logprobs", "unsupported_parameter"),
        (#""prompt":"a","best_of":3,"n":2"#, "best_of", "unsupported_parameter"),
        (#""prompt":"a","best_of":"x""#, "best_of", "unsupported_parameter"),
        (#""prompt":"a","messages":[{"role":"user","content":"x"}]"#, "messages", "unsupported_parameter"),
        (#""prompt":"a","tools":[1]"#, "tools", "unsupported_parameter"),
        (#""prompt":"a","temperature":"hot""#, "temperature", "invalid_type"),
    ]

    @Test func `what no chat can do is refused by name`() async throws {
        try await ShimFixture.run { shim in
            for (members, param, code) in Self.refusals {
                let refused = try await shim.send("POST", Self.path, body: #"{"model":"m",\#(members)}"#)
                let error = try JSON(parsing: refused.body)["error"]
                #expect(refused.status == 400, "\(members)")
                #expect(error?["param"]?.stringValue == param, "\(members)")
                #expect(error?["code"]?.stringValue == code, "\(members)")
            }
            #expect(try await shim.send("POST", Self.path, body: #"{"model":"no","prompt":"x"}"#).status == 404)
            #expect(try await shim.queued() == 0)
        }
    }

    @Test func `an answer without deltas is streamed as one text`() {
        let stream = TextFormat().stream(StreamStart(id: "0-x", created: 7, requestID: "req_1"))
        var out = ByteBuffer()
        stream.write(.completion(ByteBuffer(string: Self.done)), to: &out)
        let text = #""choices":[{"text":"yo","index":0,"logprobs":null,"finish_reason":"length"}"#
        #expect(String(buffer: out).contains(text))
    }
}

extension TestAttempt {
    /// The body as the worker finds it.
    fileprivate var queued: String? {
        guard case .inline(let bytes) = job.body else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
