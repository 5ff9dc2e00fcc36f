import TestSupport
import Testing

@testable import Shared

@Suite(.timeLimit(.minutes(1))) struct BudgetStoreTests {
    private let hour: Int64 = 3_600_000

    /// The begin and the end of a period, as PostgreSQL computes them.
    private func period(
        _ period: String, _ shift: Int, at moment: Int64, _ pool: PostgresPool
    ) async throws -> (begin: Int64, end: Int64?) {
        let row = try #require(
            try await pool.query(
                """
                SELECT (extract(epoch FROM budget_begin($1, $2::integer, $3::timestamptz)) * 1000)::bigint AS b,
                    (extract(epoch FROM budget_end($1, $2::integer, $3::timestamptz)) * 1000)::bigint AS e
                """, [.text(period), .int(shift), .time(moment)]
            ).first)
        return (try row.required("b"), try row.value("e"))
    }

    @Test func `days and months begin as those of quotas do, and weeks on their day`() async throws {
        let pool = try await LedgerFixture().pool
        var random = SeededRandom(state: 3)
        for _ in 0..<60 {
            let moment = Int64.random(in: 1_577_836_800_000..<2_000_000_000_000, using: &random) / 1000 * 1000
            let (hours, day) = (Int.random(in: 0...23, using: &random), Int.random(in: 1...28, using: &random))

            let today = try await period("day", hours, at: moment, pool)
            #expect(today.begin == QuotaPeriod.day.start(at: moment, resetHour: hours, resetDay: 1))
            #expect(today.end == QuotaPeriod.day.end(at: moment, resetHour: hours, resetDay: 1))
            let month = try await period("month", 24 * (day - 1) + hours, at: moment, pool)
            #expect(month.begin == QuotaPeriod.month.start(at: moment, resetHour: hours, resetDay: day))
            #expect(month.end == QuotaPeriod.month.end(at: moment, resetHour: hours, resetDay: day))
            let weekday = day % 7 + 1
            let week = try await period("week", 24 * (weekday - 1) + hours, at: moment, pool)
            // 5 January 1970 was a Monday.
            let shift = Int64(24 * (weekday - 1) + hours) * hour + 4 * 24 * hour
            #expect(week.begin == (moment - shift) / (168 * hour) * (168 * hour) + shift)
            #expect(week.end == week.begin + 168 * hour)
        }
        let total = try await period("total", 0, at: LedgerFixture.day, pool)
        #expect(total.begin == 0 && total.end == nil)
    }

    @Test func `what is spent is known with the booking, by tenant, user, unit and currency`() async throws {
        let fixture = try await BudgetFixture()
        for (id, fields) in [
            ("tenant", ["tenant": "t", "unit": "USD", "hard": 10]), ("other", ["tenant": "u", "unit": "USD", "hard": 10]),
            ("ada", ["tenant": "t", "user": "ada", "unit": "tokens", "soft": 3, "hard": 10]),
            ("yuan", ["tenant": "t", "unit": "CNY", "hard": 10]),
        ] as [(String, JSONObject)] { try await fixture.set(id, fields) }

        try await fixture.ledger.record([
            BudgetFixture.row("1", tokens: 4, user: "ada"), BudgetFixture.row("2", tokens: 5),
            BudgetFixture.row("3", tokens: 6, user: "ada", currency: "CNY"), BudgetFixture.row("4", tokens: 7, tenant: "v"),
        ])

        let states = try await fixture.store.list(limit: 10)
        #expect(states.map(\.budget.id) == ["ada", "other", "tenant", "yuan"])
        #expect(states.map(\.spent.literal) == ["10", "0", "9", "6"])
        #expect(states.map { $0.remaining?.literal } == ["0", "10", "1", "4"])
        #expect(states.map(\.level) == [.spent, .open, .open, .open])
        #expect(try await fixture.store.reached(limit: 9).map(\.budget.id) == ["ada"])
        let spent = try await fixture.store.spent()
        #expect(spent.count == 4 && spent.refusal(tenant: "t", user: "ada", at: 0)?.budget == "ada")
        #expect(spent.refusal(tenant: "t", user: "ben", at: 0) == nil)

        try await fixture.ledger.record([BudgetFixture.row("5", tokens: 3)])
        let over = try #require(try await fixture.store.get("tenant"))
        #expect(over.spent.literal == "12" && over.remaining?.literal == "-2" && over.isSpent)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `late, repeated, estimated and replaced rows of several flushers are spent once`(_ seed: UInt64) async throws {
        let fixture = try await BudgetFixture()
        var random = SeededRandom(state: seed)
        let periods = ["day", "week", "month", "total"]
        for (number, period) in periods.enumerated() {
            try await fixture.set("t\(number)", ["tenant": "t", "unit": "tokens", "period": .string(period), "hard": 1])
            try await fixture.set(
                "u\(number)", ["tenant": "t", "user": "ada", "unit": "USD", "period": .string(period), "soft": 1])
        }
        let rows = (0..<60).flatMap { number -> [UsageRow] in
            var row = BudgetFixture.row(
                "r\(number)", tokens: .random(in: 0..<90, using: &random), user: ["ada", "ben", nil].randomElement(using: &random) ?? nil,
                currency: ["USD", "CNY"].randomElement(using: &random) ?? "USD",
                ago: .random(in: 0..<40 * 24 * hour, using: &random))
            row.record.tenant = ["t", "u"].randomElement(using: &random) ?? "t"
            var estimate = row
            (estimate.isFinal, estimate.record.usage.output, estimate.record.usage.isEstimated) = (false, 7, true)
            return .random(using: &random) ? [row] : [estimate, row, row]
        }
        let work = (0..<3).map { _ in rows.shuffled(using: &random) }

        try await withThrowingTaskGroup(of: Void.self) { group in
            for rows in work {
                group.addTask {
                    for start in stride(from: 0, to: rows.count, by: 13) {
                        try await fixture.ledger.record(Array(rows[start..<min(start + 13, rows.count)]))
                    }
                }
            }
            // People change budgets meanwhile.
            group.addTask {
                for round in 0..<6 { try await fixture.set("t\(round % 4)", ["hard": .int(round + 1)]) }
            }
            try await group.waitForAll()
        }
        _ = try await fixture.pool.query("DELETE FROM usage_attempts WHERE request_id LIKE 'r1%'")
        _ = try await fixture.pool.query("UPDATE usage_attempts SET tokens_in = tokens_in + 5, tenant = 't' WHERE request_id LIKE 'r2%'")

        for number in periods.indices {
            for id in ["t\(number)", "u\(number)"] {
                #expect(try await fixture.spent(id) == fixture.counted(id), "\(id)")
            }
        }
    }

    @Test(arguments: [
        ["period": "day"], ["period": "day", "reset_hour": 5], ["period": "week", "reset_day": 3, "reset_hour": 23], ["period": "month"],
        ["period": "month", "reset_day": 28, "reset_hour": 7], ["period": "total"],
    ] as [JSONObject])
    func `what was spent before a budget was set counts in its period`(_ fields: JSONObject) async throws {
        let fixture = try await BudgetFixture()
        var random = SeededRandom(state: 11)
        try await fixture.ledger.record(
            (0..<200).map { number in
                BudgetFixture.row(
                    "r\(number)", tokens: .random(in: 1..<50, using: &random), user: ["ada", nil].randomElement(using: &random) ?? nil,
                    ago: .random(in: 0..<45 * 24 * hour, using: &random))
            })

        var tenant = fields
        for (name, value) in [("tenant", "t"), ("unit", "tokens"), ("hard", 1)] as [(String, JSON)] { tenant.set(name, value) }
        var user = tenant
        for (name, value) in [("user", "ada"), ("unit", "USD")] as [(String, JSON)] { user.set(name, value) }
        try await fixture.set("tenant", tenant)
        try await fixture.set("user", user)

        #expect(try await fixture.spent("tenant") == fixture.counted("tenant"))
        #expect(try await fixture.spent("user") == fixture.counted("user"))
        #expect(try await fixture.spent("tenant") != "0")
    }

    @Test func `an attempt counts in the period in which it began, and ended periods are forgotten`() async throws {
        let fixture = try await BudgetFixture()
        try await fixture.set("b", ["tenant": "t", "unit": "tokens", "period": "day", "hard": 100])
        try await fixture.ledger.record([
            BudgetFixture.row("late", tokens: 50, ago: 48 * hour), BudgetFixture.row("old", tokens: 50, ago: 60 * 24 * hour),
        ])
        #expect(try await fixture.spent("b") == "0")
        let kept = "SELECT count(*) AS n FROM budget_spending"
        #expect(try await fixture.pool.query(kept).first?.required("n", Int.self) == 2)

        try await fixture.store.prune()

        #expect(try await fixture.pool.query(kept).first?.required("n", Int.self) == 1)
    }

    @Test func `budgets are made, changed and removed with their authors`() async throws {
        let fixture = try await BudgetFixture()
        try await fixture.set("b", ["tenant": "t", "unit": "USD", "hard": 5, "period": "month", "reset_day": 9], .create)
        await #expect(throws: BudgetError.conflict("b")) { try await fixture.set("b", ["unit": "USD", "hard": 5], .create) }
        await #expect(throws: BudgetError.notFound("c")) { try await fixture.set("c", ["hard": 5], .patch) }
        let wrong = BudgetError.invalid(.init(field: "id", expected: "the id of the path, which cannot be changed"))
        await #expect(throws: wrong) { try await fixture.set("b", ["id": "other", "hard": 5]) }

        let daily = try await fixture.set("b", ["period": "day", "soft": 2])
        #expect(daily.budget.resetDay == 1 && daily.budget.hard?.literal == "5" && daily.budget.subject == .tenant("t"))
        let back = try await fixture.set("b", try #require(daily.view.objectValue), .replace)
        #expect(back.budget == daily.budget)
        let soft = try await fixture.set("b", ["hard": .null, "user": "ada"], .patch)
        #expect(soft.budget.hard == nil && soft.budget.subject == .user("ada", of: "t") && !soft.isSpent)
        try await fixture.admin.remove("b", by: BudgetFixture.author)
        await #expect(throws: BudgetError.notFound("b")) { try await fixture.admin.remove("b", by: BudgetFixture.author) }

        #expect(try await fixture.store.list(limit: 9).isEmpty)
        let audit = try await AuditLog(fixture.pool).list(kind: .budget, subject: "b", limit: 9)
        #expect(audit.map { $0["action"]?.stringValue } == ["delete", "update", "update", "update", "create"])
        #expect(audit[0]["actor"] == "tester" && audit[0]["reason"] == "because")
        #expect(audit[3]["before"]?["period"] == "month" && audit[3]["after"]?["period"] == "day")
    }

    @Test func `the list comes page by page, by bytes`() async throws {
        let fixture = try await BudgetFixture()
        for id in ["b", "B", "a.1", "c"] {
            try await fixture.set(id, ["tenant": .string(id == "c" ? "u" : "t"), "unit": "USD", "hard": 0])
        }

        #expect(try await fixture.store.list(limit: 2).map(\.budget.id) == ["B", "a.1"])
        #expect(try await fixture.store.list(after: "a.1", limit: 2).map(\.budget.id) == ["b", "c"])
        #expect(try await fixture.store.list(tenant: "u", limit: 9).map(\.budget.id) == ["c"])
        // A hard amount of nothing refuses from the beginning.
        #expect(try await fixture.store.spent().refusal(tenant: "u", user: nil, at: 0)?.budget == "c")
    }

    @Test func `absurd amounts of rows stop at the bound and refuse nothing`() async throws {
        let fixture = try await BudgetFixture()
        try await fixture.set("b", ["tenant": "t", "unit": "tokens", "period": "total", "hard": 1])
        try await fixture.ledger.record([BudgetFixture.row("r", tokens: 1)])
        _ = try await fixture.pool.query("UPDATE budget_spending SET spent = 99999999999999999999")

        try await fixture.ledger.record([BudgetFixture.row("s", tokens: Int(Int32.max))])

        #expect(try await fixture.spent("b") == "99999999999999999999")
        #expect(try await fixture.ledger.attempts().count == 2)
    }
}
