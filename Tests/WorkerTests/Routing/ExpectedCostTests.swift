import Shared
import Testing

@testable import Worker

@Suite struct ExpectedCostTests {
    private func chat(_ extra: JSONObject = [:]) throws -> ModelRequest {
        var body: JSONObject = ["model": "m", "messages": [["role": "user", "content": "hi"]]]
        for member in extra.members { body.set(member.key, member.value) }
        return .chat(try ChatRequest(validating: .object(body)))
    }

    @Test func `the answer is taken to be a middling one, or as long as it may be`() throws {
        #expect(try ExpectedCost(of: chat(), promptTokens: 9).outputTokens == 500)
        #expect(try ExpectedCost(of: chat(["max_tokens": 20]), promptTokens: 9).outputTokens == 20)
        #expect(try ExpectedCost(of: chat(["max_completion_tokens": 99_999]), promptTokens: 9).outputTokens == 500)
        #expect(try ExpectedCost(of: chat(["max_tokens": 20, "n": 3]), promptTokens: 9).outputTokens == 60)
        let vectors = ModelRequest.embeddings(try EmbeddingsRequest(validating: ["model": "m", "input": "a"]))
        #expect(ExpectedCost(of: vectors, promptTokens: 9).outputTokens == 0)
    }

    @Test func `prices in different currencies are compared in dollars`() {
        let cost = ExpectedCost(promptTokens: 1_000_000, outputTokens: 1_000_000)
        func on(_ input: Double, _ output: Double, _ currency: String) -> Double {
            cost.on(Model(id: "m", provider: .zhipu, prices: Prices(input: input, output: output, currency: currency)))
        }
        #expect(on(1, 2, "USD") == 3)
        #expect(abs(on(10, 20, "CNY") - 4.2) < 1e-9)
        #expect(on(1, 2, "XYZ") == 3)
        #expect(on(0, 0, "CNY") == 0)
    }

    @Test func `rates are read, and wrong ones refused`() throws {
        let rates = try #require(CurrencyRates("CNY=0.2, XYZ=3"))
        #expect(rates.dollars(per: "CNY") == 0.2)
        #expect(rates.dollars(per: "XYZ") == 3)
        #expect(rates.dollars(per: "USD") == 1)
        #expect(CurrencyRates("cny=0.2")?.dollars(per: "CNY") == 0.2)
        #expect(CurrencyRates("") == CurrencyRates())
        for wrong in ["CNY", "CNY=", "CNY=0", "CNY=-1", "CNY=x", "CN=1", "CNY=1=2", "CNY=inf"] {
            #expect(CurrencyRates(wrong) == nil, "\(wrong)")
        }
    }
}
