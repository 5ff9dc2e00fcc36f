import Shared

/// Shows what a file may cost, by model, to people and programs (pure).
struct ForecastTable {
    private let sums: [(model: String, sum: CostForecast.Sum)]

    init(_ sums: [String: CostForecast.Sum]) {
        self.sums = sums.sorted { ($1.value.lines, $0.key) < ($0.value.lines, $1.key) }.map { ($0.key, $0.value) }
    }

    /// No line is wider than `width`, where there is one.
    func text(width: Int?) -> String {
        let rows = sums.map { model, sum -> JSON in
            [
                "model": .string(model), "lines": .int(sum.lines),
                "prompt": .string(ProgressWords.grouped(sum.promptTokens)),
                "answer": .string(sum.mostAnswer.map(ProgressWords.grouped) ?? "-"),
                "least": .string(ProgressWords.money(sum.leastCost, sum.currency)),
                "most": .string(sum.mostCost.map { ProgressWords.money($0, sum.currency) } ?? "-"),
            ]
        }
        return AdminTable(columns: ["model", "lines", "prompt", "answer", "least", "most"], rows: rows).text(
            width: width)
    }

    func json(_ checked: CheckedInput, isForecast: Bool) -> JSON {
        var object: JSONObject = ["lines": .int(checked.lines), "sha256": .string(checked.sha256)]
        if isForecast { object.set("models", .array(sums.map(Self.json))) }
        return .object(object)
    }

    private static func json(_ model: String, _ sum: CostForecast.Sum) -> JSON {
        func number(_ value: Double?) -> JSON { value.flatMap { JSONNumber($0) }.map(JSON.number) ?? .null }
        return [
            "model": .string(model), "lines": .int(sum.lines), "prompt_tokens": .int(sum.promptTokens),
            "answer_tokens_least": .int(sum.leastAnswer), "answer_tokens_most": sum.mostAnswer.map(JSON.int) ?? .null,
            "currency": .string(sum.currency), "cost_least": number(sum.leastCost), "cost_most": number(sum.mostCost),
        ]
    }
}
