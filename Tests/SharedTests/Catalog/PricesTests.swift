import Testing

@testable import Shared

/// The price of tokens.
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

    @Test(arguments: [
        // 100 plain, 300 read, 200 for minutes, 400 for an hour, 1000 out.
        (TokenUsage(input: 1000, output: 1000, cached: 300, cacheWrites: 600, hourlyCacheWrites: 400), 10_000.0),
        (TokenUsage(input: 1000, cacheWrites: 1000), 3000.0), (TokenUsage(input: 1000, cacheWrites: 5000), 3000.0),
        (TokenUsage(input: 1000, cacheWrites: 100, hourlyCacheWrites: 500), 2300.0),
        (TokenUsage(input: 1000, cached: 1000, cacheWrites: 1000), 1000.0),
    ])
    func `what is written to a cache has its own price, by how long it is kept`(_ usage: TokenUsage, _ cost: Double) {
        let prices = Prices(input: 2, cachedInput: 1, cacheWrite: 3, hourlyCacheWrite: 5, output: 6.9)

        #expect(abs(prices.cost(of: usage) * 1e6 - cost) < 1e-6)
    }

    @Test func `where the catalogue is silent the platform's shares count`() {
        let claude = Prices(input: 3, output: 15, shares: CacheShares(.anthropic))
        #expect((claude.cachedInput, claude.cacheWrite, claude.hourlyCacheWrite) == (0.3, 3.75, 6))
        let qwen = Prices(input: 2, shares: CacheShares(.alibaba))
        #expect((qwen.cachedInput, qwen.cacheWrite, qwen.hourlyCacheWrite) == (2, 2.5, 2.5))
        let others = Prices(input: 2, shares: CacheShares(.openai))
        #expect((others.cachedInput, others.cacheWrite, others.hourlyCacheWrite) == (2, 2, 2))
        #expect(Prices(input: 3, cachedInput: 0, cacheWrite: 1, shares: CacheShares(.anthropic)).cacheWrite == 1)
    }

    @Test func `no prices are free`() {
        #expect(Prices().cost(of: TokenUsage(input: 10, output: 10)) == 0)
    }

    @Test func `prices travel as JSON unchanged`() throws {
        let prices = Prices(input: 0.1 + 0.2, cachedInput: 1e-7, output: 123_456.789, currency: "CNY")

        let travelled = try JSON(parsing: prices.json.encoded)

        #expect(Prices(json: travelled) == prices)
    }

    @Test func `prices of the cache travel beside the four that builds of before read`() throws {
        let prices = Prices(input: 3, output: 15, shares: CacheShares(.anthropic))

        #expect(prices.json.arrayValue?.count == 4)
        #expect(Prices(json: prices.json, cacheWrites: prices.cacheWriteJSON) == prices)
        #expect(Prices(json: prices.json)?.cacheWrite == 3)
        #expect(Prices(json: prices.json, cacheWrites: [1])?.hourlyCacheWrite == 3)
        #expect(Prices(json: prices.json, cacheWrites: "x")?.cacheWrite == 3)
    }

    @Test(arguments: [nil, [], [1, 2, 3], ["a", 1, 2, "USD"], [1, 2, 3, 4]] as [JSON?])
    func `what is no price is not read as one`(_ json: JSON?) {
        #expect(Prices(json: json) == nil)
    }
}
