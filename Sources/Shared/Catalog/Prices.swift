/// What a model costs, per million tokens.
///
/// Amounts are doubles: a price has at most six significant digits and a request at most nine digits of tokens, so a
/// product keeps ten exact decimals, which is what the ledger's `numeric(20,10)` stores and sums exactly.
package struct Prices: Sendable, Equatable, Codable {
    package var input: Double
    /// Of input tokens that the platform had cached.
    package var cachedInput: Double
    /// Of input tokens that the platform wrote into its cache, to be kept for minutes; and for an hour.
    package var cacheWrite: Double
    package var hourlyCacheWrite: Double
    package var output: Double
    /// ISO 4217.
    package var currency: String

    /// `shares` says what is not given.
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
        // Prices of a queue's or an outbox' entry may be anything, and infinity times zero is no number.
        let sum = parts.reduce(0) { $0 + ($1.tokens == 0 ? 0 : Double($1.tokens) * $1.price) }
        return sum.isNaN ? 0 : (sum / 1_000_000).clamped(to: Bounds.cost)
    }
}

/// What a platform's cache costs where the catalogue does not say it, as shares of the input's price.
package struct CacheShares: Sendable, Equatable {
    package var read = 1.0
    package var write = 1.0
    package var hourlyWrite = 1.0

    package init() {}

    /// By the platforms' price lists.
    ///
    /// Anthropic takes a tenth for what it reads, 1.25 times for what it keeps for five minutes and twice for an hour,
    /// DashScope 1.25 times for its explicit cache. Elsewhere writing costs no more than the prompt.
    package init(_ provider: Provider) {
        switch provider {
        case .anthropic: (read, write, hourlyWrite) = (0.1, 1.25, 2)
        case .alibaba: (write, hourlyWrite) = (1.25, 1.25)
        default: break
        }
    }

    /// One price for both sides is that of everything.
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
    /// Builds of before read exactly four, so what is younger travels beside it (`cacheWriteJSON`).
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
