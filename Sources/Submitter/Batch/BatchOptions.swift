import Shared

/// The wishes that a batch is run with.
///
/// Kept as JSON in its row. Absent members mean: no limit of the batch's own.
struct BatchOptions: Sendable, Equatable {
    /// Lines in the queue at once.
    var concurrency: Int?
    /// Requests a minute.
    var requestsPerMinute: Int?
    /// Tokens a minute, prompt and answer together, by estimate when sent.
    var tokensPerMinute: Int?
    /// Stops before this would be exceeded, in the currency of the models' prices.
    var maxCost: Double?
    /// Share beside the same tenant's other batches, from 1 to 9.
    var priority = BatchOptions.usualPriority
    var routingStrategy: String?
    var provider: Provider?
    /// Seconds for which answers may be kept for equal requests.
    var cacheTTL: Int?
    /// `completion_window` as the caller wrote it.
    var window: String?
    /// SHA-256 of the body that made the batch, where that had an `Idempotency-Key`.
    var requestHash: String?
    /// The span that made the batch, where its caller had it recorded: that of all its lines.
    var trace: TraceContext?

    static let usualPriority = 5
    static let priorities = 1...9
    /// Chosen: far above what one process can have under way.
    static let concurrencies = 1...100_000
    /// Chosen: a billion a minute is beyond any account.
    static let rates = 1...1_000_000_000
}

extension BatchOptions {
    var json: JSON {
        var object = JSONObject()
        if let concurrency { object.set("concurrency", .int(concurrency)) }
        if let requestsPerMinute { object.set("rpm", .int(requestsPerMinute)) }
        if let tokensPerMinute { object.set("tpm", .int(tokensPerMinute)) }
        if let maxCost, let number = JSONNumber(maxCost) { object.set("max_cost", .number(number)) }
        if priority != Self.usualPriority { object.set("priority", .int(priority)) }
        if let routingStrategy { object.set("routing_strategy", .string(routingStrategy)) }
        if let provider { object.set("provider", .string(provider.rawValue)) }
        if let cacheTTL { object.set("cache_ttl", .int(cacheTTL)) }
        if let window { object.set("window", .string(window)) }
        if let requestHash { object.set("request_hash", .string(requestHash)) }
        if let trace {
            object.set(TraceContext.parentName, .string(trace.parent))
            if let state = trace.state { object.set(TraceContext.stateName, .string(state)) }
        }
        return .object(object)
    }

    /// Members out of their bounds count as absent: the row was written by a build that knew better ones.
    init(_ json: JSON) {
        concurrency = json["concurrency"]?.whole(in: Self.concurrencies)
        requestsPerMinute = json["rpm"]?.whole(in: Self.rates)
        tokensPerMinute = json["tpm"]?.whole(in: Self.rates)
        maxCost = json["max_cost"]?.doubleValue.flatMap { $0 > 0 ? $0.clamped(to: Bounds.cost) : nil }
        priority = json["priority"]?.whole(in: Self.priorities) ?? Self.usualPriority
        routingStrategy = json["routing_strategy"]?.stringValue
        provider = json["provider"]?.stringValue.flatMap(Provider.init(rawValue:))
        cacheTTL = json["cache_ttl"]?.whole(in: 0...Job.maxCacheTTL)
        window = json["window"]?.stringValue
        requestHash = json["request_hash"]?.stringValue
        trace = json[TraceContext.parentName]?.stringValue.flatMap {
            TraceContext(parent: $0, state: json[TraceContext.stateName]?.stringValue)
        }
    }
}
