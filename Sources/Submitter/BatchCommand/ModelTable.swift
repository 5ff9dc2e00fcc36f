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

    /// From all columns to the fewest.
    private static let columns = [
        ["model", "ok", "failed", "tokens_in", "tokens_out", "cost", "p50", "p95"],
        ["model", "ok", "failed", "tokens_in", "tokens_out", "cost"], ["model", "ok", "failed", "cost"],
        ["model", "ok", "failed"],
    ]

    /// No line is wider than `width`: columns are left out, then names and lines are cut.
    func text(width: Int) -> String {
        guard !rows.isEmpty else { return "" }
        for columns in Self.columns {
            let text = AdminTable(columns: columns, rows: rows).text
            if Self.fits(text, width) { return text }
        }
        let text = AdminTable(columns: ["model", "ok", "failed"], rows: rows.map { Self.cut($0, to: width - 14) }).text
        return text.split(separator: "\n").map { $0.prefix(max(1, width)) + "\n" }.joined()
    }

    private static func fits(_ text: String, _ width: Int) -> Bool {
        text.split(separator: "\n").allSatisfy { $0.count <= width }
    }

    private static func cut(_ row: JSON, to width: Int) -> JSON {
        guard var object = row.objectValue, let name = object["model"]?.stringValue, name.count > max(4, width) else {
            return row
        }
        object.set("model", .string(name.prefix(max(4, width) - 1) + "…"))
        return .object(object)
    }
}
