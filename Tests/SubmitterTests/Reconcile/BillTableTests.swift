import Shared
import TestSupport
import Testing

@testable import Submitter

/// A bill and a ledger side by side, in a real PostgreSQL.
@Suite(.timeLimit(.minutes(1))) struct BillTableTests {
    /// 9 November 2026, 00:00 UTC.
    private static let day: Int64 = 1_794_182_400_000
    private static let hour: Int64 = 3_600_000

    private func record(
        _ id: String, at moment: Int64, tokens: (Int, Int) = (100, 50), cost: Double = 1, upstream: String? = nil,
        provider: String = "zhipu", account: String = "a", currency: String = "CNY"
    ) -> UsageRow {
        var record = AttemptRecord(startedAt: moment, enqueuedAt: moment)
        (record.model, record.provider, record.account, record.status) = ("m", provider, account, .done)
        record.usage = TokenUsage(input: tokens.0, output: tokens.1)
        record.prices = Prices(input: cost * 1_000_000 / Double(tokens.0), output: 0, currency: currency)
        record.upstreamRequest = upstream
        record.endedAt = moment + 1
        return UsageRow(requestID: id, attempt: 1, isFinal: true, record: record)
    }

    private func question(_ key: ReconcileKey, _ fields: Set<BillField>) -> BillQuestion {
        BillQuestion(
            provider: .zhipu, account: nil, key: key, zone: .offset(480), currency: "CNY", since: nil, until: nil,
            tolerance: 0.001, rounding: BillQuestion.rounding(by: key), limit: 100, tellsMatched: key == .day, fields: fields)
    }

    /// `status label attempts bill|ledger` of the measure.
    private func told(_ reconciliation: Reconciliation, _ measure: String) -> [String] {
        reconciliation.rows.map { row in
            let (bill, ledger) = (row.figures["bill_\(measure)"] ?? "-", row.figures["ledger_\(measure)"] ?? "-")
            return "\(row.status.rawValue) \(row.label ?? "-") \(row.figures["attempts"] ?? "-") \(bill)|\(ledger)"
        }
    }

    private func compare(
        _ bill: [BillRow], _ ledger: [UsageRow], _ question: BillQuestion
    ) async throws -> Reconciliation {
        let pool = try await SharedPostgres.shared.pool { $0.poolSize = 1 }
        _ = try await Migrations.run(on: pool)
        try await UsageLedger(pool).record(ledger)
        let table = BillTable(pool: pool)
        try await table.make()
        try await table.add(bill, question)
        return try await table.compare(question)
    }

    private func row(_ line: Int, _ day: Int, cost: String? = nil, tokens: String? = nil, id: String? = nil) -> BillRow {
        var row = BillRow(line: line)
        row.date = .day(CivilDate(year: 2026, month: 11, day: day))
        (row.cost, row.tokens, row.id) = (cost, tokens, id)
        return row
    }

    @Test func `days are those of the platform's zone, and small differences are none`() async throws {
        let ledger = [
            record("1", at: Self.day, cost: 2), record("2", at: Self.day + 15 * Self.hour, cost: 3),
            // The next day in China.
            record("3", at: Self.day + 16 * Self.hour, cost: 7), record("4", at: Self.day + 48 * Self.hour, cost: 1),
            record("5", at: Self.day, cost: 9, provider: "openai"),
            record("6", at: Self.day + 96 * Self.hour, cost: 9),
        ]
        let bill = [
            row(2, 9, cost: "2.5"), row(3, 9, cost: "2.504"), row(4, 10, cost: "7.5"), row(5, 12, cost: "4"),
            row(6, 12, cost: "-4"),
        ]

        let found = try await compare(bill, ledger, question(.day, [.date, .cost]))

        #expect((found.since, found.until) == ("2026-11-09", "2026-11-13"))
        #expect(
            told(found, "cost") == [
                "matched 2026-11-09 2 5.004|5", "differs 2026-11-10 1 7.5|7", "only_ledger 2026-11-11 1 -|1",
            ])
        #expect(found.sums.map(\.status) == [.differs, .onlyLedger, .matched] && !found.agrees)
    }

    @Test func `tokens are compared without money, of one account, whatever its currency`() async throws {
        let ledger = [
            record("1", at: Self.day), record("2", at: Self.day, currency: "USD"), record("3", at: Self.day, account: "b"),
        ]
        var question = question(.day, [.date, .tokens])
        question.account = "a"

        let found = try await compare([row(2, 9, tokens: "1000 0.1 0.2")], ledger, question)

        #expect(told(found, "tokens") == ["matched 2026-11-09 2 300|300"])
        #expect(found.agrees && found.count == 1)
    }

    @Test func `requests are brought together by their ids, near the ends of the days, too`() async throws {
        let ledger = [
            record("1", at: Self.day, upstream: "same"), record("2", at: Self.day, upstream: "apart"),
            record("3", at: Self.day, upstream: "missing"), record("4", at: Self.day, cost: 0.5),
            // Billed on the ninth in China, begun on the eighth.
            record("5", at: Self.day - 9 * Self.hour, upstream: "eve"), record("6", at: Self.day - 20 * Self.hour, upstream: "before"),
        ]
        let bill = [
            row(2, 9, cost: "0.6", id: "same"), row(3, 9, cost: "0.4", id: "same"), row(4, 9, cost: "1.1", id: "apart"),
            row(5, 9, cost: "1", id: "eve"), row(6, 9, cost: "3", id: "unknown"), row(7, 9, cost: "8"), row(8, 9, cost: "0", id: "free"),
        ]

        let found = try await compare(bill, ledger, question(.request, [.id, .date, .cost]))

        #expect(
            told(found, "cost") == [
                "differs apart 1 1.1|1", "only_bill unknown - 3|-", "only_ledger missing 1 -|1", "bill_without_id - - 8|-",
                "ledger_without_id - 1 -|0.5",
            ])
        #expect(found.sums.first { $0.status == .matched }?.figures["rows"] == "2")
        var all = question(.request, [.id, .date, .cost])
        (all.tellsMatched, all.limit) = (true, 2)
        let short = try await compare(bill, ledger, all)
        #expect(short.rows.count == 2 && short.count == 7)
    }

    @Test func `a bill without rows is no comparison`() async throws {
        await #expect(throws: BillMistake.self) { try await compare([], [], question(.day, [.date, .cost])) }
        var november = question(.day, [.date, .cost])
        november.since = CivilDate(year: 2026, month: 11, day: 1)
        november.until = CivilDate(year: 2026, month: 12, day: 1)
        let found = try await compare([], [record("1", at: Self.day)], november)
        #expect(told(found, "cost") == ["only_ledger 2026-11-09 1 -|1"])
    }

    @Test func `the report has the same in all shapes`() async throws {
        let found = try await compare(
            [row(2, 9, cost: "5")], [record("1", at: Self.day, cost: 2)], question(.day, [.date, .cost]))

        let json = found.json(columns: [.date: "消费时间", .cost: "金额"], undated: 1)
        #expect(json["agrees"] == false && json["zone"] == "+08:00" && json["columns"]?["cost"]?.stringValue == "金额")
        #expect(json["rows"]?[0]?["bill_cost"]?.doubleValue == 5 && json["rows"]?[0]?["day"] == "2026-11-09")
        #expect(json["sums"]?[0]?["rows"] == 1 && json["more_rows"] == 0)
        #expect(found.csv.split(separator: "\n").map { $0.split(separator: ",").first } == ["status", "differs"])
        #expect(found.table(width: nil).contains("LEDGER_COST"))
        let note = found.note(columns: [.date: "a", .cost: "b"], undated: (2, 7))
        #expect(note == "days from 2026-11-09 until 2026-11-10 in +08:00; read: date=a, cost=b\n2 lines without a date left out, the first is line 7\n")
    }
}
