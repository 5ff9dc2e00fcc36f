import Shared
import TestSupport
import Testing

@testable import Submitter

/// Files and batches by HTTP, over a real PostgreSQL, without a runner.
@Suite(.timeLimit(.minutes(1)))
struct BatchRoutesTests {
    private static let json = ["content-type": "application/json"]
    private static let form = ["content-type": "multipart/form-data; boundary=b"]
    private static let lines = "{\"custom_id\":\"1\"}\n{\"custom_id\":\"zwei ü\"}"

    private func run(
        maxFileBytes: Int = 1 << 20, _ body: (ShimFixture, BatchStore) async throws -> Void
    ) async throws {
        let postgres = try await SharedPostgres.shared.migratedPool()
        try await ShimFixture.run(
            catalogAccess: CatalogAccess(postgres: postgres, box: nil),
            configure: {
                $0.batches.maxFileBytes = maxFileBytes
                $0.batchRuns.mostBatches = 0
            }
        ) { shim in try await body(shim, BatchStore(postgres)) }
    }

    private static func body(_ content: String, purpose: String = "batch", purposeFirst: Bool = true) -> String {
        let field = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n\(purpose)\r\n"
        let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n\(content)\r\n"
        return (purposeFirst ? field + file : file + field) + "--b--\r\n"
    }

    private func upload(_ shim: ShimFixture, _ content: String = lines, tenant: String = "default") async throws
        -> String
    {
        let headers = Self.form.merging(["x-tenant": tenant]) { $1 }
        let made = try await shim.send("POST", "/v1/files", headers: headers, body: Self.body(content))
        #expect(made.status == 200, "\(made.text)")
        return try #require(try made.json["id"]?.stringValue)
    }

    private static func request(_ file: String, _ more: String = "") -> String {
        #"{"input_file_id":"\#(file)","endpoint":"/v1/chat/completions","completion_window":"24h"\#(more)}"#
    }

    @Test(arguments: [true, false])
    func `a file comes back byte for byte`(purposeFirst: Bool) async throws {
        try await run { shim, _ in
            let content = Self.lines + String(repeating: "\n" + String(repeating: "é", count: 500), count: 900)
            let body = Self.body(content, purposeFirst: purposeFirst)
            let made = try await shim.send("POST", "/v1/files", headers: Self.form, body: body).json

            let id = try #require(made["id"]?.stringValue)
            #expect(made["bytes"]?.intValue == content.utf8.count && made["filename"] == "in.jsonl")
            #expect(try await shim.get("/v1/files/\(id)").json == made)
            #expect(try await shim.get("/v1/files").json["data"] == [made])
            let read = try await shim.get("/v1/files/\(id)/content")
            #expect(read.text == content && read.headers["content-length"] == "\(content.utf8.count)")
            #expect(try await shim.send("DELETE", "/v1/files/\(id)").json["deleted"] == true)
            #expect(try await shim.get("/v1/files/\(id)").status == 404)
        }
    }

    @Test(
        arguments: [
            (body("x", purpose: "fine-tune"), 400, "purpose"),
            (body("x", purpose: "user_data", purposeFirst: false), 400, "purpose"),
            (body(""), 400, "file"), (body("a\n\0"), 400, "file"), ("--b--\r\n", 400, "purpose"), ("nothing", 400, nil),
            (body(String(repeating: "x\n", count: 1000)), 413, "file"),
        ] as [(String, Int, String?)])
    func `a refused upload names the field and leaves nothing`(body: String, status: Int, param: String?) async throws {
        try await run(maxFileBytes: 1024) { shim, store in
            let refused = try await shim.send("POST", "/v1/files", headers: Self.form, body: body)

            #expect(refused.status == status, "\(refused.text)")
            #expect(try refused.json["error"]?["param"]?.stringValue == param)
            #expect(try await store.pool.query("SELECT 1 FROM batch_files").count == 0)
        }
    }

    @Test func `an upload that is cut off leaves nothing`() async throws {
        try await run { shim, store in
            let caller = try await shim.connect()
            try await caller.send(
                "POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n"
                    + "content-length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name=file\r\n\r\nx\n")
            try await eventually("the file is begun") {
                try await store.pool.query("SELECT 1 FROM batch_files").count == 1
            }
            #expect(try await shim.get("/v1/files").json["data"] == [])

            try await caller.close()

            try await eventually("the file is gone") {
                try await store.pool.query("SELECT 1 FROM batch_files").count == 0
            }
        }
    }

    @Test func `a batch is made, listed and cancelled`() async throws {
        try await run { shim, _ in
            let file = try await upload(shim)
            let more = #","metadata":{"k":"v"},"rpm":5"#
            let made = try await shim.send("POST", "/v1/batches", body: Self.request(file, more)).json

            let id = try #require(made["id"]?.stringValue)
            #expect(
                made["status"] == "validating" && made["completion_window"] == "24h" && made["metadata"] == ["k": "v"])
            #expect(try await shim.get("/v1/batches/\(id)").json == made)
            #expect(try await shim.get("/v1/batches").json["data"] == [made])
            #expect(try await shim.send("DELETE", "/v1/files/\(file)").json["error"]?["code"] == "file_in_use")
            let cancelled = try await shim.send("POST", "/v1/batches/\(id)/cancel")
            #expect(try cancelled.json["status"] == "cancelling" && cancelled.json["cancelling_at"] != .null)
        }
    }

    @Test func `a key gives one batch, and another body a conflict`() async throws {
        try await run { shim, _ in
            let headers = Self.json.merging(["idempotency-key": "k"]) { $1 }
            let file = try await upload(shim)
            let body = Self.request(file)

            let first = try await shim.send("POST", "/v1/batches", headers: headers, body: body).json
            let second = try await shim.send("POST", "/v1/batches", headers: headers, body: body).json
            let other = try await shim.send(
                "POST", "/v1/batches", headers: headers, body: Self.request(file, ",\"rpm\":1"))

            #expect(first["id"] != nil && first == second)
            #expect(try other.status == 422 && other.json["error"]?["code"] == "idempotency_conflict")
        }
    }

    @Test func `another tenant sees neither file nor batch`() async throws {
        try await run { shim, _ in
            let file = try await upload(shim, tenant: "red")
            let (red, blue) = (["x-tenant": "red"], ["x-tenant": "blue"])
            let made = try await shim.send("POST", "/v1/batches", headers: red, body: Self.request(file)).json
            let batch = try #require(made["id"]?.stringValue)

            for path in ["/v1/files/\(file)", "/v1/files/\(file)/content", "/v1/batches/\(batch)"] {
                #expect(try await shim.get(path, headers: red).status == 200)
                #expect(try await shim.get(path, headers: blue).status == 404)
            }
            #expect(try await shim.get("/v1/batches", headers: blue).json["data"] == [])
            let used = try await shim.send("POST", "/v1/batches", headers: blue, body: Self.request(file))
            #expect(try used.status == 400 && used.json["error"]?["param"] == "input_file_id")
            #expect(try await shim.send("POST", "/v1/batches/\(batch)/cancel", headers: blue).status == 404)
        }
    }

    @Test func `listings are paged, in both orders`() async throws {
        try await run { shim, _ in
            var ids: [String] = []
            for _ in 0..<5 { ids.append(try await upload(shim)) }
            for order in ["asc", "desc"] {
                var (found, after, hasMore) = ([String](), "", true)
                while hasMore {
                    let page = try await shim.get("/v1/files?limit=2&order=\(order)\(after)&purpose=batch").json
                    found += page["data"]?.arrayValue?.compactMap { $0["id"]?.stringValue } ?? []
                    after = "&after=\(page["last_id"]?.stringValue ?? "")"
                    hasMore = page["has_more"] == true
                }
                #expect(found == (order == "asc" ? ids : ids.reversed()))
            }
            #expect(try await shim.get("/v1/files?purpose=batch_output").json["data"] == [])
            #expect(try await shim.get("/v1/files?limit=10001").status == 400)
            #expect(try await shim.get("/v1/batches?limit=101").status == 400)
        }
    }

    @Test func `results are read as files once the batch has ended`() async throws {
        try await run { shim, store in
            let file = try await upload(shim)
            let made = try await shim.send("POST", "/v1/batches", body: Self.request(file)).json
            let id = try #require(made["id"]?.stringValue)
            _ = try await store.claim("r", for: .seconds(60))
            _ = try await store.validated(id, by: "r", total: 2)
            let results = [
                BatchResult(line: 2, isOK: true, body: #"{"custom_id":"2"}"#),
                BatchResult(line: 1, isOK: false, body: #"{"custom_id":"1"}"#),
            ]
            _ = try await store.record(results, of: id, by: "r", running: 0)
            #expect(try await shim.get("/v1/files/file-\(id)-output").status == 404)

            _ = try await store.end(id, by: "r", as: .completed)

            let ended = try await shim.get("/v1/batches/\(id)").json
            let output = try #require(ended["output_file_id"]?.stringValue)
            let error = try #require(ended["error_file_id"]?.stringValue)
            #expect(try await shim.get("/v1/files/\(output)/content").text == "{\"custom_id\":\"2\"}\n")
            #expect(try await shim.get("/v1/files/\(error)/content").text == "{\"custom_id\":\"1\"}\n")
            let shown = try await shim.get("/v1/files/\(output)").json
            #expect(shown["bytes"] == 18 && shown["purpose"] == "batch_output")
            let listed = try await shim.get("/v1/files?purpose=batch_output").json["data"]?.arrayValue ?? []
            #expect(listed.count == 2 && listed.contains(shown))
            #expect(try await shim.send("DELETE", "/v1/files/\(output)").json["error"]?["code"] == "result_file")
            #expect(try await shim.send("POST", "/v1/batches/\(id)/cancel").status == 409)
        }
    }

    @Test func `PostgreSQL that is away is a 503`() async throws {
        let nobody = PostgresPool(PostgresConfiguration(url: Secret("postgresql://127.0.0.1:1/none")))
        try await ShimFixture.run(catalogAccess: CatalogAccess(postgres: nobody, box: nil)) { shim in
            for path in ["/v1/files", "/v1/files/file-1/content", "/v1/batches", "/v1/batches/batch_1"] {
                let refused = try await shim.get(path)
                #expect(refused.status == 503 && refused.headers["retry-after"] == "2")
                #expect(try refused.json["error"]?["code"] == "database_unavailable")
            }
            let body = Self.body("x")
            #expect(try await shim.send("POST", "/v1/files", headers: Self.form, body: body).status == 503)
        }
    }
}
