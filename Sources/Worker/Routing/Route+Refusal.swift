import Shared

extension Route {
    /// What the platform, spoken to as this account asks, cannot say of the request; `nil` where it can say it all.
    func refusal(of request: ModelRequest) -> JobFailure? {
        guard let adapter = Adapters.adapter(for: account) else { return nil }
        switch request {
        case .chat(let chat):
            do throws(JobFailure) {
                try adapter.check(chat, model: model.modelID, settings: account.settings)
                return nil
            } catch { return error }
        case .embeddings(let embeddings):
            let platform = account.provider.rawValue
            guard let adapter = adapter.embeddings else { return Job.Operation.embeddings.refusal }
            let most = adapter.maxInputs(model: model.modelID)
            guard embeddings.inputCount > most else { return nil }
            return JobFailure(
                .unsupportedParameter, "\(platform) takes \(most) texts at most in 'input' for this model.",
                param: "input", code: "unsupported_parameter")
        }
    }
}
