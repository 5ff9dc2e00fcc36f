import Shared

extension Route {
    /// The part of the request that the platform does not support, spoken to as this account asks, or `nil` where it
    /// supports all.
    func refusal(of request: ModelRequest) -> JobFailure? {
        do throws(JobFailure) {
            switch request {
            case .chat(let chat): try check(chat)
            case .embeddings(let embeddings): try check(embeddings)
            }
            return nil
        } catch { return error }
    }

    private func check(_ chat: ChatRequest) throws(JobFailure) {
        do throws(JobFailure) {
            guard let adapter = Adapters.adapter(for: account) else { return try SandboxScript.limits.check(chat) }
            try adapter.check(chat, model: model.modelID, settings: account.settings)
        } catch { throw chat.usesLegacyFunctions ? error.inOldWords : error }
    }

    private func check(_ embeddings: EmbeddingsRequest) throws(JobFailure) {
        guard let adapter = Adapters.adapter(for: account) else { return }
        guard let adapter = adapter.embeddings else { throw Job.Operation.embeddings.refusal }
        let most = adapter.maxInputs(model: model.modelID)
        guard embeddings.inputCount > most else { return }
        throw JobFailure(
            .unsupportedParameter,
            "\(account.provider.rawValue) takes \(most) texts at most in 'input' for this model.",
            param: "input", code: "unsupported_parameter")
    }

    /// Members of the request that the platform's model does not take and that are left out
    /// (`ProviderAdapter.dropped`).
    func dropped(of request: ModelRequest?) -> [String] {
        guard case .chat(let chat)? = request, let adapter = Adapters.adapter(for: account) else { return [] }
        return adapter.dropped(chat, model: model.modelID, settings: account.settings)
    }
}

extension JobFailure {
    /// For a caller that wrote `functions` and `function_call`, which adapters see as tools.
    fileprivate var inOldWords: JobFailure {
        guard let param else { return self }
        let names = [("tools", "functions"), ("tool_choice", "function_call")]
        guard let (new, old) = names.first(where: { param.hasPrefix($0.0) }) else { return self }
        var failure = self
        let name = old + param.dropFirst(new.count)
        failure.param = name
        failure.message = message.split(separator: "'\(param)'", omittingEmptySubsequences: false)
            .joined(separator: "'\(name)'")
        return failure
    }
}
