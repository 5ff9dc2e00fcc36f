/// What a model costs, per million tokens.
///
/// Amounts are doubles: a price has at most six significant digits and a request at most nine digits of tokens, so a
/// product keeps ten exact decimals, which is what the ledger's `numeric(20,10)` stores and sums exactly.
package struct Prices: Sendable, Equatable, Codable {
    package var input: Double
    /// Of input tokens that the platform had cached.
    package var cachedInput: Double
    package var output: Double
    /// ISO 4217.
    package var currency: String

    package init(input: Double = 0, cachedInput: Double? = nil, output: Double = 0, currency: String = "USD") {
        self.input = input
        self.cachedInput = cachedInput ?? input
        self.output = output
        self.currency = currency
    }

    /// Within `Bounds.cost`.
    package func cost(of usage: TokenUsage) -> Double {
        let cached = min(usage.cached, usage.input)
        let sum = Double(usage.input - cached) * input + Double(cached) * cachedInput + Double(usage.output) * output
        // Prices of a queue's or an outbox' entry may be anything, and infinity times zero is no number.
        return sum.isNaN ? 0 : (sum / 1_000_000).clamped(to: Bounds.cost)
    }
}

extension Prices {
    /// As it travels with a ledger row: `[input, cached input, output, currency]`.
    package var json: JSON {
        .array([number(input), number(cachedInput), number(output), .string(currency)])
    }

    package init?(json: JSON?) {
        guard let parts = json?.arrayValue, parts.count == 4, let input = parts[0].doubleValue,
            let cached = parts[1].doubleValue, let output = parts[2].doubleValue, let currency = parts[3].stringValue
        else { return nil }
        self.init(input: input, cachedInput: cached, output: output, currency: currency)
    }

    private func number(_ value: Double) -> JSON { JSONNumber(value).map(JSON.number) ?? .int(0) }
}
