import Shared

/// One line about a batch, for a terminal of any width (pure).
///
/// The parts stand in a fixed order. Where there is no room for all, those that say least are left out first, and the
/// bar gets what is left.
struct ProgressLine {
    let state: ProgressState
    /// Words for a moment that is not the usual one, as "draining".
    var mood: String?
    /// Blocks instead of ASCII for the bar.
    var isUnicode = true

    private struct Part {
        let text: String
        /// Higher ones are left out first.
        let rank: Int
    }

    private static let bars = 6...24

    /// At most `width` columns.
    func text(width: Int) -> String {
        var parts = parts()
        while length(of: parts) > width, let last = parts.map(\.rank).max(), last > 0 {
            parts.removeAll { $0.rank == last }
        }
        let line = parts.map(\.text).joined(separator: " ")
        let room = width - line.count - 1
        guard room >= Self.bars.lowerBound, state.total > 0 else { return String(line.prefix(max(0, width))) }
        return bar(min(room, Self.bars.upperBound)) + " " + line
    }

    private func length(of parts: [Part]) -> Int { parts.reduce(parts.count - 1) { $0 + $1.text.count } }

    private func bar(_ width: Int) -> String {
        let full = Int((Double(width - 2) * state.share).rounded(.down))
        let (on, off) = isUnicode ? ("█", "░") : ("#", ".")
        let inner = String(repeating: on, count: full) + String(repeating: off, count: width - 2 - full)
        return isUnicode ? "▕\(inner)▏" : "[\(inner)]"
    }

    private func parts() -> [Part] {
        let counts = state.batch.counts
        var parts: [Part] = []
        func add(_ rank: Int, _ text: String?) { if let text { parts.append(Part(text: text, rank: rank)) } }
        add(1, mood)
        add(0, "\(Int(state.share * 100))%")
        add(2, "\(ProgressWords.short(counts.done))/\(ProgressWords.short(counts.total))")
        add(4, "ok \(ProgressWords.short(counts.succeeded))")
        add(counts.failed > 0 ? 3 : 9, "err \(ProgressWords.short(counts.failed))")
        add(counts.retried > 0 ? 10 : 11, "retry \(ProgressWords.short(counts.retried))")
        add(5, state.lineRate.map { ProgressWords.short($0) + "/s" })
        add(8, state.tokenRate.map { ProgressWords.short($0) + "tok/s" })
        add(3, state.secondsLeft.map { "ETA " + ProgressWords.time($0) })
        add(7, money)
        add(12, percentiles)
        return parts
    }

    private var money: String? {
        let costs = state.costs.map { cost in
            let spent = ProgressWords.money(cost.spent, cost.currency)
            return cost.total > cost.spent ? "\(spent)/~\(ProgressWords.amount(cost.total))" : spent
        }
        return costs.isEmpty ? nil : costs.joined(separator: "+")
    }

    private var percentiles: String? {
        guard let p50 = state.latencies.percentile(0.5), let p95 = state.latencies.percentile(0.95) else { return nil }
        return "p50 \(ProgressWords.latency(p50)) p95 \(ProgressWords.latency(p95))"
    }

    /// The same in words, for a log.
    var sentence: String {
        let counts = state.batch.counts
        let grouped = ProgressWords.grouped
        var parts = [
            "\(grouped(counts.done))/\(grouped(counts.total)) (\(Int(state.share * 100))%)",
            "ok \(grouped(counts.succeeded))", "failed \(grouped(counts.failed))", "retried \(grouped(counts.retried))",
        ]
        if let mood { parts.insert(mood, at: 0) }
        if let rate = state.lineRate { parts.append("\(ProgressWords.short(rate)) req/s") }
        if let rate = state.tokenRate { parts.append("\(ProgressWords.short(rate)) tok/s") }
        if let left = state.secondsLeft { parts.append("ETA \(ProgressWords.time(left))") }
        if let money { parts.append(money) }
        if let percentiles { parts.append(percentiles) }
        return parts.joined(separator: ", ")
    }
}
