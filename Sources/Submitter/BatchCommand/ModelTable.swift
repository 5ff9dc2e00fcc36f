import Shared

/// Sums of a batch by model, for a page of any width (pure).
struct ModelTable {
    private let rows: [JSON]

    init(_ sums: [BatchModelSum]) {
        rows = sums.map { sum in
            [
                "model": .string(sum.model.isEmpty ? "(not sent)" : sum.model), "ok": .int(sum.succeeded),
                "failed": .int(sum.failed), "tokens_in": .string(ProgressWords.grouped(sum.tokensIn)),
                "tokens_out": .string(ProgressWords.grouped(sum.tokensOut)),
                "cost": .string(ProgressWords.money(sum.cost, sum.currency)),
                "p50": .string(sum.p50 > 0 ? ProgressWords.latency(sum.p50) : "-"),
                "p95": .string(sum.p95 > 0 ? ProgressWords.latency(sum.p95) : "-"),
            ]
        }
    }

    /// No line is wider than `width`, where there is one.
    func text(width: Int?) -> String {
        let columns = ["model", "ok", "failed", "cost", "tokens_in", "tokens_out", "p50", "p95"]
        return rows.isEmpty ? "" : AdminTable(columns: columns, rows: rows).text(width: width)
    }
}
