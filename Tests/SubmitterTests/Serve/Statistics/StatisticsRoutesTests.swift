import Shared
import TestSupport
import Testing

@testable import Submitter

/// The ledger by HTTP: parameters, pages and formats, over a real PostgreSQL.
@Suite(.timeLimit(.minutes(1))) struct StatisticsRoutesTests {
    private func run(_ rows: LedgerRows, _ body: (ShimFixture) async throws -> Void) async throws {
        try await ShimFixture.run(catalogAccess: CatalogAccess(postgres: rows.pool, box: nil), body)
    }

    private static let period = "period=2026-11-23..2026-11-26"

    @Test func `each address answers with the window and its groups`() async throws {
        let rows = try await LedgerRows(seed: 21, count: 100)
        try await run(rows) { shim in
            for view in StatisticsView.allCases {
                let answer = try await shim.get(
                    "/api/v1/status/\(view.rawValue)?\(Self.period)&group_by=model,day&model=m")
                let json = try answer.json
                #expect(answer.status == 200 && json["object"]?.stringValue == view.rawValue)
                #expect(json["from"] == "2026-11-23T00:00:00Z" && json["until"] == "2026-11-26T00:00:00Z")
                #expect(json["data"]?.arrayValue?.allSatisfy { $0["model"] == "m" && $0["day"] != nil } == true)
                #expect(json["data"]?.arrayValue?.isEmpty == false && json["filters"] == ["model": "m"])
                let empty = try await shim.get("/api/v1/status/\(view.rawValue)?period=2020-01-01..2020-01-02")
                #expect(try empty.status == 200 && empty.json["data"] == [] && empty.json["next_cursor"] == .null)
            }
            let all = try await shim.get("/api/v1/status/usage?\(Self.period)").json
            #expect(all["data"]?.arrayValue?.compactMap { $0["attempts"]?.intValue }.reduce(0, +) == 100)
            #expect(try await shim.get("/api/v1/status/errors?\(Self.period)").json["group_by"] == ["error_kind"])
        }
    }

    @Test func `pages keep the window of the first, and join to the whole`() async throws {
        let rows = try await LedgerRows(seed: 22, count: 100)
        try await run(rows) { shim in
            let path = "/api/v1/status/usage?\(Self.period)&group_by=user,status"
            let whole = try await shim.get(path).json["data"]?.arrayValue
            var (joined, cursor) = ([JSON](), "")
            repeat {
                let page = try await shim.get("\(path)&limit=3\(cursor)").json
                joined += page["data"]?.arrayValue ?? []
                cursor = page["next_cursor"]?.stringValue.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(joined == whole && joined.count > 3)

            let csv = try await shim.get("\(path)&limit=3&format=csv")
            #expect(
                csv.headers["content-type"] == "text/csv; charset=utf-8" && csv.text.split(separator: "\n").count == 4)
            #expect(csv.headers["x-period"] == "2026-11-23T00:00:00Z..2026-11-26T00:00:00Z")
            let next = try #require(csv.headers["x-next-cursor"])
            #expect(try await shim.get("\(path)&limit=3&cursor=\(next)").status == 200)
            // The place of another question means nothing.
            let other = try await shim.get("\(path)&limit=3&tenant=t&cursor=\(next)")
            #expect(try other.status == 400 && other.json["error"]?["param"] == "cursor")
        }
    }

    @Test func `a period in a zone begins at its midnight`() async throws {
        let rows = try await LedgerRows(seed: 23, count: 10)
        try await run(rows) { shim in
            for (zone, from) in [
                ("asia/shanghai", "2026-11-22T16:00:00Z"), ("%2B08:00", "2026-11-22T16:00:00Z"),
                ("-03:30", "2026-11-23T03:00:00Z"),
            ] {
                let answer = try await shim.get("/api/v1/status/usage?\(Self.period)&tz=\(zone)&group_by=day")
                #expect(try answer.status == 200 && answer.json["from"]?.stringValue == from, "\(zone)")
            }
            #expect(try await shim.get("/api/v1/status/usage?tz=asia/shanghai").json["tz"] == "Asia/Shanghai")
        }
    }

    @Test func `the usage log has pages, filters and CSV`() async throws {
        let rows = try await LedgerRows(seed: 24, count: 60)
        try await run(rows) { shim in
            var (found, cursor) = ([String](), "")
            repeat {
                let page = try await shim.get("/api/v1/usage?model=m&limit=7\(cursor)").json
                found += page["data"]?.arrayValue?.compactMap { $0["request_id"]?.stringValue } ?? []
                cursor = page["next_cursor"]?.stringValue.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            let expected = try await rows.pool.query("SELECT request_id FROM usage_attempts WHERE model = 'm'").count
            #expect(found.count == expected && Set(found).count == expected)
            #expect(try await shim.get("/api/v1/usage?request_id=r1").json["data"]?.arrayValue?.count == 1)
            #expect(try await shim.get("/api/v1/usage?from=2026-11-26&to=2026-11-27").json["data"] == [])
            let csv = try await shim.get("/api/v1/usage?limit=2&format=csv")
            #expect(csv.text.split(separator: "\n").count == 3 && csv.headers["x-next-cursor"] != nil)
        }
    }

    @Test(
        arguments: [
            ("status/usage?group_by=planet", "group_by"), ("status/usage?group_by=model,model", "group_by"),
            ("status/usage?group_by=", "group_by"), ("status/usage?period=soon", "period"),
            ("status/usage?period=2026-11-02..2026-11-01", "period"),
            ("status/usage?period=1900-01-01..2026-11-01", "period"),
            ("status/performance?tz=Mars/Olympus", "tz"), ("status/performance?tz=x%27", "tz"),
            ("status/cost?planet=x", "planet"), ("status/cost?status=good", "status"),
            ("status/cost?provider=opnai", "provider"),
            ("status/errors?error_kind=odd", "error_kind"), ("status/errors?limit=0", "limit"),
            ("status/errors?format=xml", "format"), ("status/errors?cursor=1-2-3-4", "cursor"),
            ("usage?from=soon", "from"), ("usage?to=24h", "to"), ("usage?cursor=x", "cursor"),
            ("usage?request_id=", "request_id"),
            ("usage?hour=1", "hour"), ("usage?limit=1001", "limit"), ("usage?model=%00", "model"),
            ("usage?tz=Nowhere", "tz"),
        ])
    func `a wrong parameter is named with what is expected`(_ path: String, _ field: String) async throws {
        let rows = try await LedgerRows(seed: 25, count: 0)
        try await run(rows) { shim in
            let answer = try await shim.get("/api/v1/\(path)")

            #expect(answer.status == 400)
            let error = try #require(try answer.json["error"])
            #expect(error["param"]?.stringValue == field)
            #expect(error["message"]?.stringValue?.hasPrefix("\(field): ") == true, "\(error)")
        }
    }

    @Test func `without PostgreSQL the answer says so, and without a database there is no such path`() async throws {
        let away = PostgresPool(PostgresConfiguration(url: Secret("postgresql://127.0.0.1:1/none")))
        try await ShimFixture.run(catalogAccess: CatalogAccess(postgres: away, box: nil)) { shim in
            for path in ["status/usage", "usage", "usage?model=m"] {
                let answer = try await shim.get("/api/v1/\(path)")
                #expect(try answer.status == 503 && answer.json["error"]?["code"] == "database_unavailable")
            }
        }
        try await ShimFixture.run { shim in #expect(try await shim.get("/api/v1/status/usage").status == 404) }
    }

    // MARK: - Trails

    private static let id = "0-01KAT5Q3Z8W6N4J2H0F9D7C5B3"

    private func booked(_ number: Int, at: Int64, status: AttemptRecord.Status, _ pool: PostgresPool) async throws {
        var record = AttemptRecord(startedAt: at, enqueuedAt: LedgerRows.day)
        (record.model, record.account, record.worker, record.status) = ("m", "a\(number)", "w", status)
        record.errorKind = status == .error ? .timeout : nil
        record.endedAt = at + 1000
        record.firstToken = status == .done ? 300 : nil
        try await UsageLedger(pool).record([
            UsageRow(requestID: Self.id, attempt: number, isFinal: true, record: record)
        ])
    }

    @Test func `a job whose log is gone has its trail from the ledger`() async throws {
        let rows = try await LedgerRows(seed: 26, count: 0)
        try await booked(1, at: LedgerRows.day + 50, status: .error, rows.pool)
        try await booked(2, at: LedgerRows.day + 1500, status: .done, rows.pool)
        try await run(rows) { shim in
            let answer = try await shim.get("/api/v1/jobs/\(Self.id)/trail")
            let json = try answer.json

            #expect(answer.status == 200 && json["job"] == .null && json["object"] == "job.trail")
            #expect(json["attempts"]?.arrayValue?.map { $0["status"] } == ["error", "done"])
            let line = try #require(json["timeline"]?.arrayValue)
            #expect(
                line.map { $0["event"]?.stringValue } == [
                    "queued", "claimed", "ended", "claimed", "first_token", "ended",
                ])
            #expect(
                line.map { $0["at"]?.intValue.map { Int64($0) - LedgerRows.day } } == [0, 50, 1050, 1500, 1800, 2500])
            #expect(line[1]["waited_ms"] == 50 && line[3]["waited_ms"] == 450 && line[2]["error_kind"] == "timeout")
            #expect(try await shim.get("/api/v1/jobs/\(Self.id)/trail", headers: ["X-Tenant": "other"]).status == 404)
            #expect(try await shim.get("/api/v1/jobs/0-01KAT5Q3Z8W6N4J2H0F9D7C5B4/trail").status == 404)
        }
    }

    @Test func `a job that waits, runs and ends has its trail from its log`() async throws {
        let rows = try await LedgerRows(seed: 27, count: 0)
        try await run(rows) { shim in
            let made = try await shim.send(
                "POST", "/api/v1/jobs", body: #"{"model_name":"m","messages":[{"role":"user","content":"quagga"}]}"#)
            let id = try #require(try made.json["id"]?.stringValue)
            let waiting = try await shim.get("/api/v1/jobs/\(id)/trail").json
            #expect(waiting["job"]?["status"] == "queued" && waiting["attempts"] == [])
            #expect(waiting["timeline"]?.arrayValue?.last?["event"] == "waiting")

            var record = AttemptRecord(startedAt: LedgerRows.day + 10, enqueuedAt: LedgerRows.day)
            (record.model, record.account, record.worker) = ("m", "a", ShimFixture.worker)
            var attempt = try await shim.work(usage: record.encoded)
            _ = try await attempt.say("okapi")
            let running = try await shim.get("/api/v1/jobs/\(id)/trail")
            let row = try running.json["attempts"]?.arrayValue?.last
            #expect(row?["status"] == "running" && row?["account"] == "a" && row?["source"] == "log")
            #expect(try running.json["timeline"]?.arrayValue?.last?["event"] == "claimed")
            #expect(!running.text.contains("quagga") && !running.text.contains("okapi"))

            try await attempt.finish(
                meta:
                    #"{"model":"m","attempts":[{"attempt":1,"model":"m","provider":"sandbox","account":"a","error":null,"ms":7,"cost":0}]}"#
            )
            let ended = try await shim.get("/api/v1/jobs/\(id)/trail")
            #expect(try ended.json["job"]?["status"] == "done" && ended.json["job"]?["result"] == nil)
            #expect(
                try ended.json["attempts"]?.arrayValue?.map { $0["status"] } == ["done"]
                    && !ended.text.contains("okapi"))
        }
    }
}
