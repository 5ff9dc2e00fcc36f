import Shared
import Synchronization

/// One `TokenForecast` per model, of this worker.
final class TokenForecasts: Sendable {
    private let unknownAnswer: Int
    private let forecasts = Mutex<[String: TokenForecast]>([:])

    init(unknownAnswer: Int) { self.unknownAnswer = unknownAnswer }

    func forecast(of model: String) -> TokenForecast {
        forecasts.withLock { $0[model] } ?? TokenForecast(unknownAnswer: unknownAnswer)
    }

    func learn(model: String, estimatedPrompt: Int, _ usage: TokenUsage) {
        forecasts.withLock {
            $0[model, default: TokenForecast(unknownAnswer: unknownAnswer)]
                .learn(estimatedPrompt: estimatedPrompt, usage)
        }
    }
}
