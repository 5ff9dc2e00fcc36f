import Testing

@testable import Shared

@Suite struct SpentBudgetsTests {
    private let spent = SpentBudgets(
        count: 4, asOf: 1000,
        [
            (.tenant("t"), .init(budget: "t-day", until: 100)), (.tenant("t"), .init(budget: "t-month", until: 900)),
            (.user("ada", of: "t"), .init(budget: "ada", until: nil)), (.user("ben", of: "u"), .init(budget: "ben", until: 50)),
        ])

    @Test func `a request is refused for its tenant or its user, until the period ends`() {
        #expect(spent.refusal(tenant: "t", user: nil, at: 500)?.budget == "t-month")
        #expect(spent.refusal(tenant: "t", user: nil, at: 900) == nil)
        #expect(spent.refusal(tenant: "t", user: "ada", at: 10_000)?.budget == "ada")
        #expect(spent.refusal(tenant: "u", user: "ben", at: 49)?.budget == "ben")
        #expect(spent.refusal(tenant: "u", user: "ben", at: 50) == nil)
        for (tenant, user) in [("u", nil), ("u", "ada"), ("v", "ben"), ("u", "")] as [(String, String?)] {
            #expect(spent.refusal(tenant: tenant, user: user, at: 0) == nil)
        }
        #expect(SpentBudgets().refusal(tenant: "t", user: "ada", at: 0) == nil)
    }

    @Test func `texts are compared as the ledger cuts them`() {
        let long = String(repeating: "é", count: 400)
        let spent = SpentBudgets(
            count: 1, [(.user(long.clipped(toBytes: Bounds.user), of: "t"), .init(budget: "b", until: nil))])

        #expect(spent.refusal(tenant: "t", user: long, at: 0)?.budget == "b")
    }

    @Test func `it travels whole, and what cannot be read is nothing`() {
        let read = SpentBudgets(decoding: spent.encoded)
        #expect(read == spent)
        for text in ["", "{}", "[]", #"{"as_of":1}"#, #"{"as_of":1,"count":0,"spent":{}}"#] {
            #expect(SpentBudgets(decoding: Array(text.utf8)) == nil, "\(text)")
        }
        let odd = #"{"as_of":1,"count":3,"spent":[{"budget":"b","kind":"planet","tenant":"t","name":""},7]}"#
        #expect(SpentBudgets(decoding: Array(odd.utf8)) == SpentBudgets(count: 3, asOf: 1))
    }

    @Test func `an older word does not replace a newer one, unless another clock said it`() {
        let now = SpentBudgets(asOf: 100_000)
        #expect(SpentBudgets(asOf: 100_000).isNewer(than: now) && SpentBudgets(asOf: 100_001).isNewer(than: now))
        #expect(!SpentBudgets(asOf: 99_999).isNewer(than: now) && !SpentBudgets(asOf: 40_000).isNewer(than: now))
        #expect(SpentBudgets(asOf: 39_999).isNewer(than: now))
    }

    @Test func `a caller reads the budget's name and when it begins anew, and no amounts`() {
        let ends = SpentBudgets.Refusal(budget: "b", until: 1_796_083_200_000).failure
        #expect(ends.kind == .budgetExhausted && ends.code == "budget_exhausted")
        #expect(ends.message == "The budget b is used up; it begins anew at 2026-12-01T00:00:00Z.")
        let stays = SpentBudgets.Refusal(budget: "b", until: nil).failure
        #expect(stays.message == "The budget b is used up; it does not begin anew.")
    }
}
