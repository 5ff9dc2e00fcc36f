import Shared
import Testing

@testable import Worker

@Suite struct TokenForecastTests {
    private func learned(_ usages: [(prompt: Int, input: Int, output: Int)]) -> TokenForecast {
        var forecast = TokenForecast(unknownAnswer: 1000)
        for usage in usages {
            forecast.learn(estimatedPrompt: usage.prompt, TokenUsage(input: usage.input, output: usage.output))
        }
        return forecast
    }

    @Test func `the caller's limit is reserved until something was learned`() {
        let nothing = TokenForecast(unknownAnswer: 1000)
        #expect(nothing.tokens(prompt: 100, answerLimit: nil) == 1105)
        #expect(nothing.tokens(prompt: 100, answerLimit: 50) == 155)
    }

    @Test func `what others used is learned, and the caller's limit still holds`() {
        let forecast = learned(Array(repeating: (10, 110, 60), count: 40) + [(10, 110, 50)])
        let tokens = forecast.tokens(prompt: 10, answerLimit: 4096)
        #expect((160...185).contains(tokens))
        #expect(forecast.tokens(prompt: 10, answerLimit: 5) <= 121)
    }

    @Test(arguments: 1...20)
    func `a few short answers do not make the next reservation too small`(_ samples: Int) {
        let forecast = learned((0..<samples).map { _ in (10, 10, 220) })
        let longest = samples <= 3 ? 370 : Int(220 * (1.05 + 2 / Double(samples)))
        #expect(forecast.tokens(prompt: 10, answerLimit: nil) >= 10 + longest)
        #expect(forecast.tokens(prompt: 10, answerLimit: 400) <= 10 + 401)
    }

    @Test func `a short prompt's overhead does not multiply a long one`() {
        let forecast = learned([(5, 105, 10)])
        #expect(forecast.tokens(prompt: 10_000, answerLimit: 10) < 11_000)
    }

    @Test func `the reservation covers nearly every request of a varied load`() {
        var forecast = TokenForecast(unknownAnswer: 1000)
        var dice = SystemRandomNumberGenerator()
        var over = 0
        for number in 0..<5000 {
            let output = Int.random(in: 50...350, using: &dice)
            if number > 20, forecast.tokens(prompt: 20, answerLimit: nil) < 20 + output { over += 1 }
            forecast.learn(estimatedPrompt: 20, TokenUsage(input: 20, output: output))
        }
        #expect(over < 25)
    }

    @Test func `estimates and failures teach nothing`() {
        var forecast = TokenForecast(unknownAnswer: 1000)
        forecast.learn(estimatedPrompt: 10, TokenUsage(input: 9999, output: 9999, isEstimated: true))
        forecast.learn(estimatedPrompt: 10, TokenUsage())
        #expect(forecast == TokenForecast(unknownAnswer: 1000))
    }
}
