import Shared
import TestSupport
import Testing

@testable import Submitter

/// The catalogue by HTTP, over a real PostgreSQL.
@Suite(.timeLimit(.minutes(1)))
struct CatalogRoutesTests {
    private func run(_ pool: PostgresPool? = nil, _ body: (ShimFixture) async throws -> Void) async throws {
        let postgres: PostgresPool
        if let pool { postgres = pool } else { postgres = try await SharedPostgres.shared.migratedPool() }
        let box = try SecretBox(masterKey: Secret(String(repeating: "0f", count: 32)))
        try await ShimFixture.run(catalogAccess: CatalogAccess(postgres: postgres, box: box), body)
    }

    private static let account = #"{"id":"a/1","provider":"openai","api_key":"sk-secret","rpm":5}"#

    @Test func `an account is made, edited, disabled, enabled and deleted`() async throws {
        try await run { shim in
            let made = try await shim.send("POST", "/api/v1/accounts", body: Self.account)
            #expect(made.status == 201 && made.headers["location"] == "/api/v1/accounts/a%2F1")
            #expect(try made.json["api_key"] == "****" && made.json["has_key"] == true)

            let path = "/api/v1/accounts/a%2F1"
            let edited = try await shim.send("PATCH", path + "/", headers: ["X-Actor": "eve"], body: #"{"rpm":7}"#)
            #expect(try edited.status == 200 && edited.json["rpm"] == 7)
            let disabled = try await shim.send("POST", path + "/disable", body: #"{"reason":"broken"}"#)
            #expect(try disabled.json["status_reason"] == "broken")
            #expect(try await shim.send("POST", path + "/enable").json["status"] == "active")
            let rotated = try await shim.send("POST", path + "/rotate-key", body: #"{"api_key":"sk-other"}"#)
            #expect(rotated.status == 200 && !rotated.text.contains("sk-other"))
            let list = try await shim.get("/api/v1/accounts/?provider=openai")
            #expect(try list.json["data"]?.arrayValue?.count == 1 && !list.text.contains("sk-"))
            #expect(try await shim.send("DELETE", path).status == 204)
            #expect(try await shim.get(path).status == 404)

            let audit = try await shim.get("/api/v1/audit?kind=account&subject=a%2F1&limit=10")
            let rows = try #require(try audit.json["data"]?.arrayValue)
            #expect(
                rows.map { $0["action"]?.stringValue } == [
                    "delete", "rotate_key", "enable", "disable", "update", "create",
                ])
            #expect(rows[4]["actor"] == "eve" && rows[5]["actor"] == "api" && !audit.text.contains("sk-"))
        }
    }

    @Test func `models live beside the listing`() async throws {
        try await run { shim in
            let made = try await shim.send("POST", "/api/v1/models", body: #"{"id":"n","provider":"zhipu"}"#)
            #expect(made.status == 201)
            #expect(
                try await shim.send("PUT", "/api/v1/models/n", body: #"{"provider":"zhipu","weight":3}"#).json["weight"]
                    == 3)
            #expect(
                try await shim.send("POST", "/api/v1/models/n/disable", body: #"{"reason":"r"}"#).json["is_active"]
                    == false)
            #expect(try await shim.get("/api/v1/models/n").json["is_active"] == false)
            #expect(try await shim.get("/api/v1/models/sandbox/models").status == 200)
            #expect(try await shim.get("/api/v1/models/").status == 200)
        }
    }

    @Test(
        arguments: [
            ("POST", "/api/v1/accounts", #"{"id":"b","provider":"openai","rpm":"5"}"#, 400, "rpm"),
            ("POST", "/api/v1/accounts", #"{"id":"b","provider":"nobody"}"#, 400, "provider"),
            ("POST", "/api/v1/accounts", #"{"provider":"openai"}"#, 400, "id"),
            (
                "POST", "/api/v1/accounts", #"{"id":"b","provider":"openai","api_key_file":"/etc/passwd"}"#, 400,
                "api_key_file"
            ),
            ("POST", "/api/v1/accounts", account, 409, "id"),
            ("POST", "/api/v1/accounts/a%2F1/disable", "{}", 400, "reason"),
            ("POST", "/api/v1/accounts/a%2F1/rotate-key", #"{"api_key":""}"#, 400, "api_key"),
            ("PATCH", "/api/v1/accounts/nobody", "{}", 404, nil),
            ("POST", "/api/v1/accounts/nobody/test", "", 404, nil),
            ("GET", "/api/v1/audit?subject=%00", "", 400, "subject"),
            ("GET", "/api/v1/audit?limit=0", "", 400, "limit"), ("GET", "/api/v1/alerts?open=maybe", "", 400, "open"),
        ] as [(String, String, String, Int, String?)])
    func `refusals name the field`(method: String, path: String, body: String, status: Int, field: String?) async throws
    {
        try await run { shim in
            _ = try await shim.send("POST", "/api/v1/accounts", body: Self.account)

            let refused = try await shim.send(method, path, body: body)

            #expect(refused.status == status)
            #expect(try refused.json["error"]?["param"]?.stringValue == field)
        }
    }

    @Test func `lists are answered from memory while PostgreSQL is away, and changes are refused`() async throws {
        let nobody = PostgresPool(PostgresConfiguration(url: Secret("postgresql://127.0.0.1:1/none")))
        try await run(nobody) { shim in
            #expect(try await shim.get("/api/v1/accounts").json["data"] == [])
            #expect(try await shim.get("/api/v1/models/m").json["id"] == "m")
            let refused = try await shim.send("POST", "/api/v1/accounts", body: Self.account)
            #expect(try refused.status == 503 && refused.json["error"]?["code"] == "database_unavailable")
            #expect(try await shim.get("/api/v1/audit").status == 503)
        }
    }

    @Test func `a test is answered by whoever takes the ping`() async throws {
        try await run { shim in
            _ = try await shim.send("POST", "/api/v1/accounts", body: Self.account)
            let pings = AccountPings(redis: shim.redis, keys: PoolKeys(prefix: shim.queue.keys.prefix))

            async let answer = shim.send("POST", "/api/v1/accounts/a%2F1/test")
            var found: AccountPings.Ping?
            try await eventually("the ping came") {
                found = try await pings.next(block: .milliseconds(100))
                return found != nil
            }
            let ping = try #require(found)
            try await pings.answer(ping, ["ok": true, "ms": 3])

            #expect(ping.account == "a/1")
            #expect(try await answer.json == ["ok": true, "ms": 3])
        }
    }
}
