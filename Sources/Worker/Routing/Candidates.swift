import Shared

/// Which routes can serve a request, best first.
///
/// Pure. In: the request, an optional platform filter, the catalogue, what each account's rest is. Out: routes that may be tried
/// now, and how long until the first resting one may be. Throws the condition that failed: unknown model, capability, platform.
struct Candidates: Sendable {
    private(set) var ready: [Route] = []
    /// Until the first of the resting accounts may be used; `nil` if none rests.
    private(set) var earliestCapacity: Duration?

    init(
        for request: ChatRequest, provider: Provider?, strategy: any RoutingStrategy, in catalog: CatalogSnapshot,
        rest: (Account) -> Duration?
    ) throws(JobFailure) {
        let models = try Self.models(for: request, provider: provider, in: catalog)
        var hasAccount = false
        for model in strategy.order(models) {
            for account in catalog.activeAccounts(of: model.provider) {
                hasAccount = true
                if let wait = rest(account) {
                    earliestCapacity = min(earliestCapacity ?? wait, wait)
                } else {
                    ready.append(Route(model: model, account: account))
                }
            }
        }
        guard hasAccount else {
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
