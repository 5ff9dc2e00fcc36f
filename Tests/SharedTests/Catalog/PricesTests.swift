import Testing

@testable import Shared

/// Tokens to money.
@Suite struct PricesTests {
    @Test(arguments: [
        (TokenUsage(), 0.0),
        (TokenUsage(input: 1_000_000), 0.4),
        (TokenUsage(output: 1_000_000), 1.6),
        (TokenUsage(input: 1000, output: 500), 0.0012),
        // Cached tokens are part of the input, at their own price.
        (TokenUsage(input: 1000, output: 0, cached: 600), 0.00022),
        // Reasoning tokens are part of the output, and not billed twice.
        (TokenUsage(input: 0, output: 500, reasoning: 400), 0.0008),
        // A platform that reports more cached tokens than input is not allowed to make the rest negative.
        (TokenUsage(input: 10, cached: 100), 0.000001),
    ])
    func `a request costs what its tokens cost`(_ usage: TokenUsage, _ cost: Double) {
        let prices = Prices(input: 0.4, cachedInput: 0.1, output: 1.6)

        #expect(abs(prices.cost(of: usage) - cost) < 1e-12)
    }

    @Test func `without a price of their own cached tokens cost what others do`() {
        let prices = Prices(input: 2, output: 4)

        #expect(prices.cost(of: TokenUsage(input: 1_000_000, cached: 1_000_000)) == 2)
    }

    @Test func `no prices are free`() {
        #expect(Prices().cost(of: TokenUsage(input: 10, output: 10)) == 0)
    }

    @Test func `prices travel as JSON unchanged`() throws {
        let prices = Prices(input: 0.1 + 0.2, cachedInput: 1e-7, output: 123_456.789, currency: "CNY")

        let travelled = try JSON(parsing: prices.json.encoded)

        #expect(Prices(json: travelled) == prices)
    }

    @Test(arguments: [nil, [], [1, 2, 3], ["a", 1, 2, "USD"], [1, 2, 3, 4]] as [JSON?])
    func `what is no price is not read as one`(_ json: JSON?) {
        #expect(Prices(json: json) == nil)
    }
}
