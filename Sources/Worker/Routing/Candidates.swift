import Shared

/// Which routes can serve a request, best first.
///
/// Pure. In: the request, an optional platform filter, the catalogue, which accounts rest. Out: routes that may be tried now,
/// and all accounts that could serve it. Throws the condition that failed: unknown model, capability, no account, or what
/// the platforms that remain cannot say.
struct Candidates: Sendable {
    private(set) var ready: [Route] = []
    /// Every active account of the fitting models, those that rest included.
    private(set) var accounts: [Account] = []

    /// What of an account decides how its platform is spoken to.
    private struct Wire: Hashable {
        let mode: String?
        let settings: [String: String]
    }

    init(
        for request: ModelRequest, provider: Provider?, strategy: any RoutingStrategy, in catalog: CatalogSnapshot,
        isResting: (Account) -> Bool
    ) throws(JobFailure) {
        let models = try Self.models(for: request, provider: provider, in: catalog)
        var refusal: JobFailure?
        for model in strategy.order(models) {
            // Accounts that speak alike are asked once: it means reading the whole request.
            var judged: [Wire: JobFailure?] = [:]
            for account in catalog.activeAccounts(for: model) {
                let route = Route(model: model, account: account)
                let wire = Wire(mode: account.mode, settings: account.settings)
                let verdict = judged[wire] ?? route.refusal(of: request)
                judged.updateValue(verdict, forKey: wire)
                if let verdict {
                    refusal = refusal ?? verdict
                    continue
                }
                accounts.append(account)
                if !isResting(account) { ready.append(route) }
            }
        }
        if let refusal, accounts.isEmpty { throw refusal }
        guard !accounts.isEmpty else {
            let platforms = Set(models.map(\.provider.rawValue)).sorted().joined(separator: ", ")
            throw JobFailure(.quotaExhausted, "no active account for \(platforms)", code: "no_active_account")
        }
    }

    private static func models(
        for request: ModelRequest, provider: Provider?, in catalog: CatalogSnapshot
    ) throws(JobFailure) -> [Model] {
        let named = catalog.models(matching: request.model, provider: provider).filter(\.isActive)
        guard !named.isEmpty else {
            throw JobFailure(
                .modelNotFound, "no active model has this name\(provider.map { " on \($0.rawValue)" } ?? "")",
                param: "model", code: "model_not_found")
        }
        let serving = named.filter { $0.capabilities.serves(request.operation) }
        guard !serving.isEmpty else { throw request.operation.refusal }
        let needs = request.neededBy.keys
        let able = serving.filter { model in needs.allSatisfy { model.capabilities.has($0) } }
        guard able.isEmpty else { return able }
        let missing = needs.filter { need in !serving.contains { $0.capabilities.has(need) } }
        let names = missing.map(\.rawValue).sorted().joined(separator: ", ")
        throw JobFailure(
            .unsupportedParameter, "the model cannot do what the request needs: \(names)",
            code: "unsupported_parameter")
    }
}
