import TestSupport
import Testing

@testable import Shared
@testable import Worker

@Suite struct BudgetWatchTests {
    private func readings(soft: String?, hard: String?, isSoft: Bool, isSpent: Bool) -> [AlertReading] {
        var budget = Budget(id: "b", subject: .tenant("t"), unit: "USD")
        budget.soft = soft.map(JSONNumber.init(checked:))
        budget.hard = hard.map(JSONNumber.init(checked:))
        return BudgetWatch.readings(
            of: BudgetState(
                budget: budget, spent: JSONNumber(checked: "81.5"), remaining: nil, isSoftReached: isSoft, isSpent: isSpent,
                beginsAt: 0, endsAt: hard == nil ? nil : 1_796_083_200_000, createdAt: 0, updatedAt: 0))
    }

    @Test func `each amount that is reached has an alert of its own`() {
        let both = readings(soft: "80", hard: "81", isSoft: true, isSpent: true)
        #expect(both.map(\.subject) == ["b/soft", "b/hard"])
        #expect(both[0].message == "of the budget b 81.5 USD are spent; its soft limit is 80")
        #expect(both[1].message == "the budget b of 81 USD is used up: requests are refused until 2026-12-01T00:00:00Z")
        #expect(both[0].details["value"] == 81.5 && both[0].details["ends_at"] == 1_796_083_200_000)
        #expect(readings(soft: "80", hard: "100", isSoft: true, isSpent: false).map(\.subject) == ["b/soft"])
        #expect(readings(soft: nil, hard: "80", isSoft: false, isSpent: true).map(\.subject) == ["b/hard"])
        #expect(readings(soft: "90", hard: nil, isSoft: false, isSpent: false).isEmpty)
    }

    @Test func `what is reached in the database is measured, and a database that is away says nothing`() async throws {
        let pool = try await SharedPostgres.shared.migratedPool()
        let admin = BudgetAdmin(pool) {}
        for (id, hard) in [("spent", 0), ("open", 5)] {
            _ = try await admin.put(id, ["unit": "USD", "hard": .int(hard)], .create, by: .init("tester"))
        }

        let found = await BudgetWatch(store: BudgetStore(pool)).check.measure([])
        #expect(found?.map(\.subject) == ["spent/hard"])
        let away = BudgetStore(try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none")))
        #expect(await BudgetWatch(store: away).check.measure([]) == nil)
    }
}
