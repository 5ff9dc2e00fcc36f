import TestSupport
import Testing

@testable import Shared
@testable import Submitter

/// Budgets by HTTP, and the requests that they refuse.
@Suite(.timeLimit(.minutes(1))) struct BudgetRoutesTests {
    private func run(_ body: (ShimFixture) async throws -> Void) async throws {
        let postgres = try await SharedPostgres.shared.migratedPool()
        try await ShimFixture.run(catalogAccess: CatalogAccess(postgres: postgres, box: nil), body)
    }

    @Test func `a budget is made, read, changed and removed`() async throws {
        try await run { shim in
            let made = try await shim.send(
                "POST", "/api/v1/budgets", headers: ["X-Actor": "eve"],
                body: #"{"id":"b","tenant":"t","unit":"USD","soft":5,"hard":9,"reason":"trial"}"#)
            #expect(made.status == 201 && made.headers["location"] == "/api/v1/budgets/b")
            #expect(try made.json["spent"] == 0 && made.json["remaining"] == 9 && made.json["level"] == "open")
            #expect(try await shim.send("POST", "/api/v1/budgets", body: #"{"id":"b","unit":"USD","hard":1}"#).status == 409)

            let path = "/api/v1/budgets/b"
            let raised = try await shim.send("PATCH", path, body: #"{"hard":12.5}"#)
            #expect(try raised.json["hard"] == 12.5 && raised.json["soft"] == 5)
            let shown = try await shim.get(path)
            #expect(try await shim.send("PUT", path, body: shown.text).json["hard"] == 12.5)
            #expect(try await shim.send("PUT", path, body: #"{"unit":"tokens","hard":1}"#).json["soft"] == .null)
            #expect(try await shim.send("PUT", "/api/v1/budgets/c", body: #"{"unit":"USD","soft":1}"#).status == 200)
            let page = try await shim.get("/api/v1/budgets?limit=1")
            #expect(try page.json["has_more"] == true && page.json["data"]?[0]?["id"] == "b")
            #expect(try await shim.get("/api/v1/budgets?after=b").json["data"]?.arrayValue?.count == 1)
            #expect(try await shim.send("DELETE", path).status == 204)
            #expect(try await shim.get(path).status == 404)

            let audit = try #require(try await shim.get("/api/v1/audit?kind=budget&subject=b").json["data"]?.arrayValue)
            #expect(audit.last?["actor"] == "eve" && audit.last?["reason"] == "trial")
        }
    }

    @Test(
        arguments: [
            ("POST", "", #"{"unit":"USD","hard":1}"#, 400, "id"), ("POST", "", #"{"id":"a/b","unit":"USD","hard":1}"#, 400, "id"),
            ("POST", "", #"{"id":"x","hard":1}"#, 400, "unit"), ("POST", "", #"{"id":"x","unit":"USD"}"#, 400, "hard"),
            ("PUT", "/x", #"{"id":"y","unit":"USD","hard":1}"#, 400, "id"), ("PATCH", "/nobody", #"{"hard":1}"#, 404, nil),
            ("DELETE", "/nobody", "", 404, nil), ("GET", "/nobody", "", 404, nil), ("GET", "?limit=0", "", 400, "limit"),
            ("GET", "?after=a%2Fb", "", 400, "after"), ("PUT", "/x", #"{"unit":"USD","hard":"1"}"#, 400, "hard"),
        ] as [(String, String, String, Int, String?)])
    func `what is wrong is refused by name`(
        _ method: String, _ path: String, _ body: String, _ status: Int, _ param: String?
    ) async throws {
        try await run { shim in
            let refused = try await shim.send(method, "/api/v1/budgets\(path)", body: body)
            #expect(refused.status == status)
            #expect(try refused.json["error"]?["param"]?.stringValue == param)
        }
    }

    @Test func `a tenant that has spent all is refused with 402 on every door, until its budget is raised`() async throws {
        try await run { shim in
            func set(_ hard: Int) async throws {
                let body = #"{"tenant":"poor","unit":"USD","hard":\#(hard)}"#
                #expect(try await shim.send("PUT", "/api/v1/budgets/b", body: body).status == 200)
            }
            func ask(
                _ tenant: String, _ path: String = "/v1/chat/completions", _ key: String? = nil
            ) async throws -> RawResponse {
                var headers = ["X-Tenant": tenant]
                if let key { headers["Idempotency-Key"] = key }
                let body =
                    path.hasPrefix("/api")
                    ? #"{"model_name":"m","messages":[{"role":"user","content":"hi"}]}"# : ShimFixture.chat
                return try await shim.send("POST", path, headers: headers, body: body)
            }
            let known = try await ask("poor", "/api/v1/jobs", "order-1")
            #expect(known.status == 202)
            try await set(0)
            try await eventually("it is known") { try await ask("poor", "/api/v1/jobs").status == 402 }

            let refused = try await ask("poor")
            #expect(try refused.json["error"]?["type"] == "billing_error")
            #expect(try refused.json["error"]?["code"] == "budget_exhausted")
            #expect(refused.headers["retry-after"] == nil)
            #expect(try await ask("poor", "/api/v1/jobs").status == 402)
            #expect(try await ask("poor", "/api/v1/jobs", "order-2").status == 402)
            #expect(try await ask("rich", "/api/v1/jobs").status == 202)
            // What was taken before is not asked anew.
            let again = try await ask("poor", "/api/v1/jobs", "order-1")
            #expect(try again.status == 202 && again.json["id"] == known.json["id"])

            try await set(5)
            try await eventually("it is raised") { try await ask("poor", "/api/v1/jobs").status == 202 }
        }
    }
}
