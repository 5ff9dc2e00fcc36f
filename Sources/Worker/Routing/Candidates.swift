import Shared

/// Which routes can serve a request, best first.
///
/// Pure. In: the request, an optional platform filter, the catalogue, which accounts rest. Out: routes that may be tried now,
/// and all accounts that could serve it. Throws the condition that failed: name, platform, disabled, capability,
/// context length, no account, or what the platforms that remain cannot say.
struct Candidates: Sendable {
    private(set) var ready: [Route] = []
    /// Every active account of the fitting models, those that rest included.
    private(set) var accounts: [Account] = []
    /// Our estimate.
    let promptTokens: Int

    /// What of an account decides how its platform is spoken to.
    private struct Wire: Hashable {
        let mode: String?
        let settings: [String: String]
    }

    init(
        for request: ModelRequest, provider: Provider?, strategy: any RoutingStrategy, dice: RoutingDice,
        rates: CurrencyRates = CurrencyRates(), in catalog: CatalogSnapshot, isResting: (Account) -> Bool
    ) throws(JobFailure) {
        promptTokens = TokenEstimate.prompt(of: request)
        let models = try Self.models(for: request, promptTokens: promptTokens, provider: provider, in: catalog)
        let cost = ExpectedCost(of: request, promptTokens: promptTokens, rates: rates)
        var refusal: JobFailure?
        for model in strategy.order(models.map { Standing(model: $0, cost: cost.on($0)) }, dice).map(\.model) {
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
        for request: ModelRequest, promptTokens: Int, provider: Provider?, in catalog: CatalogSnapshot
    ) throws(JobFailure) -> [Model] {
        let able = try able(request, among: try catalog.activeModels(named: request.model, provider: provider))
        let context = ContextFit(of: request, promptTokens: promptTokens)
        let roomy = able.filter { context.fits($0) }
        guard !roomy.isEmpty else { throw context.refusal(of: request, by: able) }
        return roomy
    }

    private static func able(_ request: ModelRequest, among named: [Model]) throws(JobFailure) -> [Model] {
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
