/// The prices of a model, per million tokens.
///
/// Amounts are doubles. A price has at most six significant digits and a request at most nine digits of tokens, so a
/// product keeps ten exact decimals. The ledger's `numeric(20,10)` stores and sums them exactly.
package struct Prices: Sendable, Equatable, Codable {
    package var input: Double
    /// Of input tokens that the platform had cached.
    package var cachedInput: Double
    /// Of input tokens that the platform wrote into its cache, for minutes here and for an hour below.
    package var cacheWrite: Double
    package var hourlyCacheWrite: Double
    package var output: Double
    /// ISO 4217.
    package var currency: String

    /// `shares` gives the prices of the cache that are `nil`.
    package init(
        input: Double = 0, cachedInput: Double? = nil, cacheWrite: Double? = nil, hourlyCacheWrite: Double? = nil,
        output: Double = 0, currency: String = "USD", shares: CacheShares = CacheShares()
    ) {
        self.input = input
        self.cachedInput = cachedInput ?? shares.price(shares.read, of: input)
        self.cacheWrite = cacheWrite ?? shares.price(shares.write, of: input)
        self.hourlyCacheWrite = hourlyCacheWrite ?? shares.price(shares.hourlyWrite, of: input)
        self.output = output
        self.currency = currency
    }

    /// Within `Bounds.cost`.
    package func cost(of usage: TokenUsage) -> Double {
        let cached = min(usage.cached, usage.input)
        let written = min(usage.cacheWrites, usage.input - cached)
        let hourly = min(usage.hourlyCacheWrites, written)
        let parts: [(tokens: Int, price: Double)] = [
            (usage.input - cached - written, input), (cached, cachedInput), (written - hourly, cacheWrite),
            (hourly, hourlyCacheWrite), (usage.output, output),
        ]
        // A price from a queue entry or an outbox entry may be anything, and infinity times zero is no number.
        let sum = parts.reduce(0) { $0 + ($1.tokens == 0 ? 0 : Double($1.tokens) * $1.price) }
        return sum.isNaN ? 0 : (sum / 1_000_000).clamped(to: Bounds.cost)
    }
}

/// The prices of a platform's cache, as shares of the input's price, where the catalogue does not give them.
package struct CacheShares: Sendable, Equatable {
    package var read = 1.0
    package var write = 1.0
    package var hourlyWrite = 1.0

    package init() {}

    /// From the platforms' price lists.
    ///
    /// Anthropic takes a tenth for reads, 1.25 times for what it keeps for five minutes and twice for an hour.
    /// DashScope takes 1.25 times for its explicit cache. Elsewhere writing costs no more than the prompt.
    package init(_ provider: Provider) {
        switch provider {
        case .anthropic: (read, write, hourlyWrite) = (0.1, 1.25, 2)
        case .alibaba: (write, hourlyWrite) = (1.25, 1.25)
        default: break
        }
    }

    /// One price for both sides is the price of cached tokens, too.
    package init(_ provider: Provider, costPer1kTokens: Double?) {
        if costPer1kTokens == nil { self.init(provider) } else { self.init() }
    }

    /// Rounded, so that a tenth of 3 is 0.3 to people.
    package func price(_ share: Double, of input: Double) -> Double {
        let price = share * input
        return share == 1 || price > 1e6 ? price : (price * 1e9).rounded() / 1e9
    }
}

extension Prices {
    /// As it travels with a ledger row: `[input, cached input, output, currency]`.
    ///
    /// Older builds read exactly four, so younger prices travel beside it (`cacheWriteJSON`).
    package var json: JSON {
        .array([number(input), number(cachedInput), number(output), .string(currency)])
    }

    /// `[for minutes, for an hour]`.
    package var cacheWriteJSON: JSON { .array([number(cacheWrite), number(hourlyCacheWrite)]) }

    package init?(json: JSON?, cacheWrites: JSON? = nil, shares: CacheShares = CacheShares()) {
        guard let parts = json?.arrayValue, parts.count == 4, let input = parts[0].doubleValue,
            let cached = parts[1].doubleValue, let output = parts[2].doubleValue, let currency = parts[3].stringValue
        else { return nil }
        let writes = (cacheWrites?.arrayValue ?? []).map(\.doubleValue)
        self.init(
            input: input, cachedInput: cached, cacheWrite: writes.first ?? nil,
            hourlyCacheWrite: writes.dropFirst().first ?? nil, output: output, currency: currency, shares: shares)
    }

    private func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .int(0) }
}
