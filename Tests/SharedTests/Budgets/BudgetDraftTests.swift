import Testing

@testable import Shared

@Suite struct BudgetDraftTests {
    private func mistake(_ fields: JSONObject) -> String? {
        var whole: JSONObject = ["id": "b", "unit": "USD", "hard": 1]
        for member in fields.members { whole.set(member.key, member.value) }
        do throws(BudgetDraft.Mistake) {
            _ = try BudgetDraft(whole)
            return nil
        } catch { return error.field }
    }

    @Test func `the least budget is a tenant's month`() throws {
        let budget = try BudgetDraft(["id": "a.b_c-1", "unit": "tokens", "soft": 12.50]).budget

        #expect(budget.subject == .tenant("default") && budget.period == .month)
        #expect((budget.resetHour, budget.resetDay) == (0, 1))
        #expect(budget.soft?.literal == "12.5" && budget.hard == nil)
    }

    @Test func `what is given is taken, and may come back as it went out`() throws {
        let fields: JSONObject = [
            "id": "b", "tenant": "t", "user": "ada lovelace", "unit": "CNY", "period": "WEEK", "reset_hour": 23,
            "reset_day": 7, "soft": .null, "hard": 0,
        ]
        let budget = try BudgetDraft(fields).budget

        #expect(budget.subject == .user("ada lovelace", of: "t") && budget.period == .week)
        #expect(try BudgetDraft(budget.given).budget == budget)
    }

    @Test(arguments: [
        (["id": "a b"], "id"), (["id": 5], "id"), (["id": ""], "id"), (["unit": ""], "unit"), (["unit": .null], "unit"),
        (["unit": "US dollars"], "unit"), (["tenant": ""], "tenant"), (["tenant": "a\u{0}b"], "tenant"),
        (["user": 7], "user"), (["period": "year"], "period"), (["period": 1], "period"), (["reset_hour": 24], "reset_hour"),
        (["reset_hour": 1.5], "reset_hour"), (["reset_day": 29], "reset_day"),
        (["period": "week", "reset_day": 8], "reset_day"), (["period": "day", "reset_day": 2], "reset_day"),
        (["hard": "1"], "hard"), (["hard": -1], "hard"), (["hard": 1e14], "hard"), (["soft": 2], "soft"),
        (["hard": .null], "hard"), (["colour": "red"], "colour"), (["kind": "token"], "kind"),
    ] as [(JSONObject, String)])
    func `what is wrong is named`(_ fields: JSONObject, _ field: String) {
        #expect(mistake(fields) == field)
    }

    @Test func `an amount keeps its decimals, and absurd literals are refused`() throws {
        let exact = try JSON(parsing: Array(#"{"id":"b","unit":"USD","hard":0.1234567891}"#.utf8))
        #expect(try BudgetDraft(try #require(exact.objectValue)).budget.hard?.literal == "0.1234567891")
        for literal in ["1e400", "0." + String(repeating: "0", count: 60) + "1"] {
            let json = try JSON(parsing: Array(#"{"id":"b","unit":"USD","hard":\#(literal)}"#.utf8))
            #expect(throws: BudgetDraft.Mistake.self) { try BudgetDraft(try #require(json.objectValue)) }
        }
    }
}
