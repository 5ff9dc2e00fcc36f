import Shared
import TestSupport
import Testing

@testable import Submitter

/// Requests as callers and proxies write them, and the answers to what is no request.
@Suite struct HTTPRequestTests: HTTPRuleReading {
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
