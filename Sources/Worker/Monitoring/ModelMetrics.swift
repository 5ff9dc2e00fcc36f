import CoreMetrics
import Shared

/// The handles for attempts at one model of one platform.
final class ModelMetrics: Sendable {
    /// The platform that serves a model, or what took its place.
    struct Labels: Hashable {
        let provider: String
        let model: String

        /// Without a route the model is a name that its caller made up.
        init(_ record: AttemptRecord) {
            let isNamed = !record.provider.isEmpty
            provider = isNamed ? record.provider : "none"
            model = isNamed ? record.model : "other"
        }
    }

    private struct End: Hashable {
        let outcome: AttemptRecord.Status
        let reason: JobFailure.Kind?
    }

    private let ends: MetricHandles<End, Counter>
    private let costs: MetricHandles<String, FloatingPointCounter>
    private let duration: Timer
    private let firstToken: Timer
    private let perOutputToken: Timer
    private let input: Counter
    private let cached: Counter
    private let cacheWrites: Counter
    private let output: Counter
    private let reasoning: Counter

    init(_ registry: MetricsRegistry, _ labels: Labels) {
        let (provider, model) = (labels.provider, labels.model)
        ends = MetricHandles {
            registry.counter(.attemptCount, provider, model, $0.outcome.rawValue, $0.reason?.rawValue ?? "none")
        }
        costs = MetricHandles { registry.sum(.cost, provider, model, $0) }
        duration = registry.timer(.attemptDuration, provider, model)
        firstToken = registry.timer(.firstToken, provider, model)
        perOutputToken = registry.timer(.perOutputToken, provider, model)
        input = registry.counter(.tokens, provider, model, "input")
        cached = registry.counter(.tokens, provider, model, "cached")
        cacheWrites = registry.counter(.tokens, provider, model, "cache_write")
        output = registry.counter(.tokens, provider, model, "output")
        reasoning = registry.counter(.tokens, provider, model, "reasoning")
    }

    func ended(_ record: AttemptRecord) {
        ends[End(outcome: record.status, reason: record.errorKind)].increment()
        // Kept answers and refusals took no time of a platform, and cost nothing.
        guard !record.account.isEmpty else { return }
        costs[record.prices.currency].increment(by: record.cost)
        count(record.usage)
        time(record)
    }

    private func count(_ usage: TokenUsage) {
        input.increment(by: usage.input)
        cached.increment(by: usage.cached)
        cacheWrites.increment(by: usage.cacheWrites)
        output.increment(by: usage.output)
        reasoning.increment(by: usage.reasoning)
    }

    private func time(_ record: AttemptRecord) {
        duration.recordMilliseconds(record.latency)
        guard let first = record.firstToken else { return }
        firstToken.recordMilliseconds(first)
        guard record.status == .done, record.usage.output > 1 else { return }
        let rest = record.latency.subtractingClamped(first)
        perOutputToken.recordMilliseconds(Double(rest) / Double(record.usage.output - 1))
    }
}
