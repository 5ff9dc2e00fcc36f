import Shared
import TestSupport
import Testing

@testable import Submitter

/// Connections as callers and proxies open, share and end them.
@Suite struct HTTPRulesTests: HTTPRuleReading {
    // MARK: - Expect

    @Test func `a caller that waits for 100 Continue gets it at once, then its answer`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            let head = post("", headers: ["Expect: 100-Continue"], length: ShimFixture.chat.utf8.count)
            try await caller.send(head)
            try await caller.waitFor("HTTP/1.1 100 Continue\r\n\r\n")
            try await caller.send(ShimFixture.chat)
            try await shim.work().finish("{}")
            try await caller.waitFor("HTTP/1.1 200 OK\r\n")
            #expect(!caller.isClosed)
        }
    }

    @Test(arguments: [
        ("POST", chat, 99_999_999, "413"), ("POST", "/v1/nowhere", 20, "404"), ("PUT", chat, 20, "405"),
    ])
    func `what its head condemns is answered without a body, and the connection closed`(
        _ method: String, _ path: String, _ length: Int, _ status: String
    ) async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            let text = post("", path: path, headers: ["expect: 100-continue"], length: length)
            try await caller.send(method + text.dropFirst(4))
            try await caller.waitFor("\"request_id\"")
            #expect(caller.text.hasPrefix("HTTP/1.1 \(status) "))
            #expect(caller.text.lowercased().contains("connection: close"))
            try await closes(caller)
        }
    }

    @Test func `another expectation is refused, and one of HTTP 1_0 is not meant`() async throws {
        try await ShimFixture.run { shim in
            let refused = try await shim.send("GET", "/live", headers: ["expect": "a-miracle"])
            #expect(refused.status == 417)
            let old = try await shim.connect()
            try await old.send("GET /live HTTP/1.0\r\nexpect: a-miracle\r\n\r\n")
            try await closes(old)
            #expect(old.text.hasPrefix("HTTP/1.0 200 "))
        }
    }

    // MARK: - Upgrade

    @Test(arguments: [
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA"],
        ["upgrade: websocket", "connection: keep-alive, upgrade"],
    ])
    func `a caller that asks for another protocol gets its answer, and the connection ends`(
        _ headers: [String]
    ) async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send(post(ShimFixture.chat, headers: headers))
            let work = try await shim.work()
            try await caller.send(String(repeating: "x", count: 1 << 20))
            try await work.finish("{}")
            try await closes(caller)
            #expect(caller.text.hasPrefix("HTTP/1.1 200 "))
            #expect(caller.text.lowercased().contains("connection: close\r\n"))
            #expect(caller.text.hasSuffix("\r\n\r\n{}"))
        }
    }

    @Test func `CONNECT is refused, and the connection ends`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send("CONNECT x:443 HTTP/1.1\r\nhost: x:443\r\n\r\nhello")
            try await closes(caller)
            #expect(caller.text.hasPrefix("HTTP/1.1 4"))
            #expect(caller.text.lowercased().contains("connection: close\r\n"))
        }
    }

    // MARK: - HTTP/1.0

    @Test func `a stream to HTTP 1_0 is plain and ends with the connection`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send(post(ShimFixture.stream, version: "1.0", headers: ["connection: keep-alive"]))
            var work = try await shim.work()
            _ = try await work.say("one", "two")
            try await work.finish()
            try await closes(caller)
            let (head, body) = try #require(caller.text.halves("\r\n\r\n"))
            #expect(!head.lowercased().contains("chunked"))
            #expect(head.lowercased().contains("connection: close"))
            #expect(body.hasSuffix("data: [DONE]\n\n"))
            let lines = body.split(separator: "\n")
            #expect(lines.allSatisfy { $0.hasPrefix("data: {") || $0.hasPrefix("id: ") || $0 == "data: [DONE]" })
        }
    }

    @Test func `whole answers and errors to HTTP 1_0 end the connection unless it is to be kept`() async throws {
        try await ShimFixture.run { shim in
            for body in [ShimFixture.chat, "{"] {
                let caller = try await shim.connect()
                try await caller.send(post(body, version: "1.0"))
                if body == ShimFixture.chat { try await shim.work().finish("{}") }
                try await closes(caller)
                #expect(caller.text.hasPrefix(body == "{" ? "HTTP/1.0 400 " : "HTTP/1.0 200 "))
            }
            let kept = try await shim.connect()
            for count in 1...2 {
                try await kept.send("GET /live HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                try await eventually("answer \(count)") { kept.text.components("{\"status\":\"ok\"}") == count }
            }
            #expect(kept.text.lowercased().contains("connection: keep-alive"))
            #expect(!kept.isClosed)
        }
    }

    @Test(arguments: ["close", "Close", "close, te"])
    func `a caller that says it is its last request sees the connection end`(_ words: String) async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send("GET /live HTTP/1.1\r\nhost: x\r\nConnection: \(words)\r\n\r\n")
            try await closes(caller)
            #expect(caller.text.contains("{\"status\":\"ok\"}"))
        }
    }

    // MARK: - Half-closed

    @Test(arguments: ["1.1", "1.0"])
    func `a caller that closed its half gets a whole answer`(_ version: String) async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send(post(ShimFixture.chat, version: version))
            let work = try await shim.work()
            try await caller.finish()
            try await caller.waitFor("H")
            try await work.finish(ChatTests.completion)
            try await closes(caller)
            #expect(caller.text.hasPrefix("HTTP/\(version) 200 OK\r\n"))
            #expect(caller.text.hasSuffix("\r\n\r\n" + ChatTests.completion))
        }
    }

    @Test func `a caller that closed its half before its stream began, or in it, gets all of it`() async throws {
        try await ShimFixture.run { shim in
            for isEarly in [true, false] {
                let caller = try await shim.connect()
                try await caller.send(post(ShimFixture.stream))
                if isEarly { try await caller.finish() }
                var work = try await shim.work()
                _ = try await work.say("one")
                try await caller.waitFor("\"one\"")
                if !isEarly {
                    try await caller.finish()
                    try await caller.waitFor(": ping\n")
                }
                _ = try await work.say("two")
                try await work.finish()
                try await caller.waitFor("data: [DONE]\n\n")
                #expect(caller.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(caller.text.contains("\"two\""))
            }
        }
    }

    @Test func `a failure keeps its status for a caller that closed its half`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send(post(ShimFixture.stream))
            let work = try await shim.work()
            try await caller.finish()
            try await caller.waitFor("H")
            try await work.fail(JobFailure(.rateLimited, "slowly"))
            try await closes(caller)
            #expect(caller.text.hasPrefix("HTTP/1.1 429 "))
        }
    }

    @Test(arguments: [ShimFixture.chat, ShimFixture.stream])
    func `a caller that is gone is known by the reset, before anything was answered`(_ body: String) async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.start(body)
            var work = try await shim.work()
            try await caller.close()
            try await eventually("the worker is refused", timeout: .seconds(2)) { try await work.say("x") == .ended }
        }
    }
}
