import Shared
import TestSupport

/// A ledger with random attempts of some days, for questions whose answers are compared with the rows.
struct LedgerRows {
    let pool: PostgresPool
    /// 23 November 2026, 00:00 UTC.
    static let day: Int64 = 1_795_392_000_000
    private static let hour: Int64 = 3_600_000

    init(seed: UInt64, count: Int = 600, days: Int64 = 3) async throws {
        pool = try await SharedPostgres.shared.migratedPool()
        var random = SeededRandom(state: seed)
        let ledger = UsageLedger(pool)
        let rows = (0..<count).map { Self.row($0, days: days, &random) }
        for start in stride(from: 0, to: count, by: 100) {
            try await ledger.record(Array(rows[start..<min(start + 100, count)]))
        }
    }

    private static func row(_ number: Int, days: Int64, _ random: inout SeededRandom) -> UsageRow {
        let at = day + .random(in: 0..<days * 24 * hour, using: &random)
        var record = AttemptRecord(startedAt: at, enqueuedAt: at - .random(in: 0..<900, using: &random))
        record.tenant = ["t", "u"].randomElement(using: &random) ?? "t"
        record.user = [nil, "ada", "ben", "eve"].randomElement(using: &random) ?? nil
        record.model = ["m", "n", "o"].randomElement(using: &random) ?? "m"
        record.provider = record.model == "m" ? "openai" : "zhipu"
        record.account = ["a", "b"].randomElement(using: &random) ?? "a"
        record.prices = Prices(input: 1.1, cachedInput: 0.3, output: 3.3, currency: record.model == "m" ? "USD" : "CNY")
        record.usage = TokenUsage(
            input: .random(in: 50..<5000, using: &random), output: .random(in: 0..<900, using: &random), cached: 40,
            reasoning: 3, cacheWrites: 5, hourlyCacheWrites: 2)
        record.status =
            Int.random(in: 0..<10, using: &random) < 7
            ? .done : [.error, .lost, .cancelled].randomElement(using: &random) ?? .error
        record.errorKind =
            switch record.status {
            case .done: nil
            case .cancelled: .cancelled
            case .lost: .workerLost
            case .error: [.timeout, .rateLimited].randomElement(using: &random) ?? .timeout
            }
        record.isStreamed = .random(using: &random)
        record.endedAt = at + .random(in: 0..<(1 << Int64.random(in: 3...17, using: &random)), using: &random)
        record.firstToken = record.status == .done ? .random(in: 1..<4000, using: &random) : nil
        return UsageRow(requestID: "r\(number)", attempt: number % 5 == 0 ? 2 : 1, isFinal: true, record: record)
    }

    /// The first row's columns.
    func values(_ sql: String) async throws -> [[String?]] {
        let rows = try await pool.query("SELECT array_to_json(ARRAY[\(sql)])::text AS v FROM usage_attempts")
        return try rows.rows.map { row in
            let list = try JSON(parsing: Array((try row.text("v") ?? "[]").utf8))
            return list.arrayValue?.map(\.stringValue) ?? []
        }
    }
}
