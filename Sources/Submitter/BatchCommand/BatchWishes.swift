import ArgumentParser
import Shared

/// The wishes of a batch on the command line.
struct BatchWishes: ParsableArguments {
    @Option(help: "The model for lines that name none.")
    var model: String?

    @Option(help: ArgumentHelp("Lines in the queue at once, at most.", valueName: "n"))
    var concurrency: Int?

    @Option(help: ArgumentHelp("Requests a minute, at most.", valueName: "n"))
    var rpm: Int?

    @Option(help: ArgumentHelp("Tokens a minute, prompts and answers together, at most.", valueName: "n"))
    var tpm: Int?

    @Option(help: ArgumentHelp("Time until the rest is given up, as in 90m, 24h or 7d; up to 30d.", valueName: "time"))
    var deadline = BatchDuration.day

    @Option(help: ArgumentHelp("Stop before the batch would cost more, in the currency of its models.", valueName: "x"))
    var maxCost: Double?

    @Option(help: ArgumentHelp("Share beside the tenant's other batches, from 1 to 9.", valueName: "1-9"))
    var priority = BatchOptions.usualPriority

    @Option(help: "How models and accounts are chosen (docs/routing.md).")
    var routingStrategy: RoutingStrategyName?

    @Option(help: "Only models on this platform.")
    var provider: Provider?

    @Option(
        name: .customLong("cache-ttl"),
        help: ArgumentHelp("Keep answers for equal requests for so many seconds; 0: do not.", valueName: "s"))
    var cacheTTL: Int?

    @Option(help: "The tenant that the batch is for.")
    var tenant = "default"

    @Option(help: ArgumentHelp("A pair of your own, kept with the batch; up to 16.", valueName: "key=value"))
    var metadata: [String] = []

    func validate() throws {
        if let model, model.isEmpty { throw ValidationError("--model: expected a name") }
        try Self.check("--concurrency", concurrency, BatchOptions.concurrencies)
        try Self.check("--rpm", rpm, BatchOptions.rates)
        try Self.check("--tpm", tpm, BatchOptions.rates)
        try Self.check("--priority", priority, BatchOptions.priorities)
        try Self.check("--cache-ttl", cacheTTL, 0...Job.maxCacheTTL)
        if let maxCost, !(maxCost > 0 && maxCost <= Bounds.cost.upperBound) {
            throw ValidationError("--max-cost: expected a number above 0")
        }
        guard (1...Bounds.tenant).contains(tenant.utf8.count) else {
            throw ValidationError("--tenant: expected 1 to \(Bounds.tenant) bytes")
        }
        _ = try pairs()
    }

    private static func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError("\(name): expected a number from \(range.lowerBound) to \(range.upperBound)")
    }

    var options: BatchOptions {
        BatchOptions(
            concurrency: concurrency, requestsPerMinute: rpm, tokensPerMinute: tpm, maxCost: maxCost,
            priority: priority, routingStrategy: routingStrategy?.rawValue, provider: provider, cacheTTL: cacheTTL)
    }

    /// OpenAI's bounds (developers.openai.com/api/reference, "Create batch", 2026-11).
    func pairs() throws -> JSON {
        guard !metadata.isEmpty else { return .null }
        var pairs = JSONObject()
        for pair in metadata {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, (1...64).contains(parts[0].count), parts[1].count <= 512 else {
                throw ValidationError("--metadata: expected key=value of at most 64 and 512 characters")
            }
            pairs.set(parts[0], .string(parts[1]))
        }
        guard pairs.count <= 16 else { throw ValidationError("--metadata: expected at most 16 pairs") }
        return .object(pairs)
    }
}

extension RoutingStrategyName: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}
