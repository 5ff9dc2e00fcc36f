import Shared
import TestSupport
import Testing

@testable import Submitter

/// The ways in which callers and proxies write HTTP, and the answers that they need.
@Suite struct HTTPRulesTests {
    private static let chat = "/v1/chat/completions"

    private func post(
        _ body: String, version: String = "1.1", path: String = chat, headers: [String] = [], length: Int? = nil
    ) -> String {
        let head = ["POST \(path) HTTP/\(version)", "host: x", "content-type: application/json"] + headers
        return (head + ["content-length: \(length ?? body.utf8.count)", "", body]).joined(separator: "\r\n")
    }

    private func closes(_ caller: RawConnection) async throws {
        try await eventually("the shim closes", timeout: .seconds(5)) { caller.isClosed }
    }

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

    // MARK: - HEAD and OPTIONS

    @Test func `HEAD has a head only, for answers and errors, and the connection goes on`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            let paths = ["/v1/models", "/v1/models/m", "/v1/nowhere", Self.chat, "/api/v1/jobs/0-ABCDEFGH/stream"]
            for path in paths { try await caller.send("HEAD", path) }
            try await caller.send("GET", "/live")
            try await caller.waitFor("{\"status\":\"ok\"}")
            let answers = caller.text.pieces("HTTP/1.1 ")
            #expect(answers.map { $0.prefix(3) } == ["200", "200", "404", "405", "404", "200"])
            #expect(answers.dropLast().allSatisfy { $0.hasSuffix("\r\n\r\n") && $0.components("\r\n\r\n") == 1 })
            let whole = try await shim.get("/v1/models")
            #expect(answers[0].lowercased().contains("content-length: \(whole.body.count)\r\n"))
        }
    }

    @Test(arguments: [
        ("/v1/chat/completions", "OPTIONS, POST"), ("/v1/completions", "OPTIONS, POST"),
        ("/v1/models/vendor/model", "GET, HEAD, OPTIONS"), ("/api/v1/jobs/0-ABCDEFGH", "DELETE, GET, HEAD, OPTIONS"),
    ])
    func `OPTIONS names the methods of a path`(_ path: String, _ allow: String) async throws {
        try await ShimFixture.run { shim in
            let preflight = ["origin": "https://x", "access-control-request-method": "POST"]
            let answer = try await shim.send("OPTIONS", path, headers: preflight)
            #expect(answer.status == 204)
            #expect(answer.headers["allow"] == allow)
            #expect(!answer.headers.keys.contains { $0.hasPrefix("access-control") })
            #expect(try await shim.send("OPTIONS", "*").status == 204)
            #expect(try await shim.send("OPTIONS", "/v1/nowhere").status == 404)
        }
    }

    // MARK: - Paths

    private static let slashed = ShimFixture.Catalog(
        catalog: CatalogSnapshot(models: [Model(id: "a/b/c", provider: .sandbox), Model(id: "m", provider: .sandbox)]))

    @Test(arguments: [
        "/v1/models/a/b/c", "/v1/models/a%2Fb%2fc", "/v1/models/a/b%2Fc", "//v1//models/a/b/c", "/v1/models/a/b/c/",
        "http://shim.example/v1/models/a/b/c", "/v1/models/a/b/c?x=1",
    ])
    func `a model whose id has slashes is found however it is written`(_ path: String) async throws {
        try await ShimFixture.run(catalog: Self.slashed) { shim in
            let found = try await shim.get(path)
            #expect(found.status == 200)
            #expect(found.text.hasPrefix(#"{"id":"a/b/c","#))
            #expect(try await shim.get("/v1/models/a/b").status == 404)
        }
    }

    @Test(arguments: ["//v1/chat/completions", "/v1/chat/completions/", "http://shim.example:80/v1/chat/completions"])
    func `a path is found however clients join it`(_ path: String) async throws {
        try await ShimFixture.run { shim in
            let refused = try await shim.send("POST", path, body: "{}")
            #expect(refused.status == 400)
            #expect(refused.text.contains("model"))
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

    // MARK: - Bodies

    @Test func `a body that comes byte by byte, or in chunks, is read`() async throws {
        try await ShimFixture.run { shim in
            let slow = try await shim.connect()
            for byte in post(ShimFixture.chat).utf8 { try await slow.send(bytes: [byte]) }
            try await shim.work().finish("{}")
            #expect(try await slow.response().status == 200)
            let chunked = try await shim.connect()
            try await chunked.send("POST \(Self.chat) HTTP/1.1\r\nHOST: x\r\nTransfer-Encoding: Chunked\r\n\r\n")
            for byte in ShimFixture.chat.utf8 {
                try await chunked.send("1;note=x\r\n" + String(decoding: [byte], as: UTF8.self) + "\r\n")
            }
            try await chunked.send("0\r\nTrailer: x\r\n\r\n")
            try await shim.work().finish("{}")
            #expect(try await chunked.response().status == 200)
        }
    }

    @Test func `a body that does not come to its end in time is a 408`() async throws {
        try await ShimFixture.run(configure: { $0.callers.body = .milliseconds(300) }) { shim in
            let caller = try await shim.connect()
            try await caller.send(post("{", length: 500))
            try await closes(caller)
            #expect(caller.text.hasPrefix("HTTP/1.1 408 "))
            #expect(caller.text.contains("request_timeout"))
        }
    }

    @Test func `the connection goes on after an error whose body was not read`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send(post("", path: "/v1/nowhere", length: 100_000))
            try await caller.waitFor("not_found")
            try await caller.send(String(repeating: "x", count: 100_000))
            try await caller.send("GET", "/live")
            try await caller.waitFor("{\"status\":\"ok\"}")
            #expect(!caller.text.lowercased().contains("connection: close"))
        }
    }

    @Test(arguments: ["content-length: 5000", "transfer-encoding: chunked"])
    func `an error before a body that is too large, or has no length, ends the connection`(
        _ framing: String
    ) async throws {
        try await ShimFixture.run(configure: { $0.requests.maxBodyBytes = 4096 }) { shim in
            let caller = try await shim.connect()
            try await caller.send("POST /v1/nowhere HTTP/1.1\r\nhost: x\r\n\(framing)\r\n\r\n")
            try await closes(caller)
            #expect(caller.text.hasPrefix("HTTP/1.1 404 "))
            #expect(caller.text.lowercased().contains("connection: close"))
        }
    }

    @Test func `pipelined requests are answered in order, with line ends between them`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            let live = "GET /live HTTP/1.1\r\nhost: x\r\n\r\n"
            let none = "GET /none HTTP/1.1\r\nhost: x\r\n\r\n"
            try await caller.send(post("{}") + "\r\n" + live + "\r\n\r\n" + none + live)
            try await eventually("four answers") { caller.text.components("HTTP/1.1 ") == 4 }
            #expect(caller.text.pieces("HTTP/1.1 ").map { $0.prefix(3) } == ["400", "200", "404", "200"])
        }
    }

    // MARK: - What is no request

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nhost: x\r\ncookie: " + String(repeating: "c", count: 100_000) + "\r\n\r\n", "431"),
        ("GET / HTTP/1.1\r\n" + String(repeating: "x-many: 1\r\n", count: 9000) + "\r\n", "431"),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc", "400"),
        ("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", "400"),
        ("GET / HTTP/3.7\r\n\r\n", "505"), ("\u{16}\u{3}\u{1} hello\r\n\r\n", "400"), ("GET\r\n\r\n", "400"),
        ("POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "400"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    ])
    func `what is no request is answered with what is wrong, and the connection closed`(
        _ bytes: String, _ status: String
    ) async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send(bytes)
            try await closes(caller)
            #expect(caller.text.hasPrefix("HTTP/1.1 \(status) "), "\(caller.text.prefix(200))")
            let body = try #require(caller.text.halves("\r\n\r\n")?.1)
            #expect(try JSON(parsing: Array(body.utf8))["error"]?["code"]?.stringValue != nil)
            #expect(try await shim.get("/live").status == 200)
        }
    }

    @Test func `answers that are due come before the word about what is no request`() async throws {
        try await ShimFixture.run { shim in
            let caller = try await shim.connect()
            try await caller.send(post(ShimFixture.chat))
            let work = try await shim.work()
            try await caller.send("nonsense\r\n\r\n")
            try await work.finish("{}")
            try await closes(caller)
            #expect(caller.text.pieces("HTTP/1.1 ").map { $0.prefix(3) } == ["200", "400"])
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> Int { ranges(of: separator).count }

    /// The line that begins with `mark`, without it.
    fileprivate func pieces(_ mark: String) -> [String] {
        split(separator: mark, omittingEmptySubsequences: true).map(String.init)
    }

    fileprivate func halves(_ separator: String) -> (String, String)? {
        guard let range = firstRange(of: separator) else { return nil }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}
