import Shared

/// Which routes can serve a request, best first.
///
/// Pure. In: the request, an optional platform filter, the catalogue, which accounts rest. Out: routes that may be tried now,
/// and all accounts that could serve it. Throws the condition that failed: unknown model, capability, no account.
struct Candidates: Sendable {
    private(set) var ready: [Route] = []
    /// Every active account of the fitting models, those that rest included.
    private(set) var accounts: [Account] = []

    init(
        for request: ChatRequest, provider: Provider?, strategy: any RoutingStrategy, in catalog: CatalogSnapshot,
        isResting: (Account) -> Bool
    ) throws(JobFailure) {
        let models = try Self.models(for: request, provider: provider, in: catalog)
        for model in strategy.order(models) {
            for account in catalog.activeAccounts(of: model.provider) {
                accounts.append(account)
                if !isResting(account) { ready.append(Route(model: model, account: account)) }
            }
        }
        guard !accounts.isEmpty else {
            let platforms = Set(models.map(\.provider.rawValue)).sorted().joined(separator: ", ")
            throw JobFailure(.quotaExhausted, "no active account for \(platforms)", code: "no_active_account")
        }
    }

    private static func models(
        for request: ChatRequest, provider: Provider?, in catalog: CatalogSnapshot
    ) throws(JobFailure) -> [Model] {
        let named = catalog.models(matching: request.model, provider: provider).filter(\.isActive)
        guard !named.isEmpty else {
            throw JobFailure(
                .modelNotFound, "no active model has this name\(provider.map { " on \($0.rawValue)" } ?? "")",
                param: "model", code: "model_not_found")
        }
        let able = named.filter { model in request.needs.allSatisfy { model.capabilities.has($0) } }
        guard able.isEmpty else { return able }
        let missing = request.needs.filter { need in !named.contains { $0.capabilities.has(need) } }
        let names = missing.map(\.rawValue).sorted().joined(separator: ", ")
        throw JobFailure(
            .unsupportedParameter, "the model cannot do what the request needs: \(names)",
            code: "unsupported_parameter")
    }
}
