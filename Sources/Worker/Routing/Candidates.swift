import Shared

/// Finds the models that could serve a request, each on its active accounts, in no order yet.
///
/// Pure. In: the request, an optional platform filter, the catalogue. Out: the models of the name that was asked for,
/// and their fallback models, which may do or hold what these cannot. Throws the condition that failed: name, platform,
/// disabled, capability, context length, no account, or what the remaining platforms do not support.
struct Candidates: Sendable {
    struct Option: Sendable, Equatable {
        let model: Model
        /// At least one.
        let routes: [Route]
    }

    private(set) var options: [Option]
    /// In the order in which their models name them.
    ///
    /// They must fit the request, too.
    private(set) var fallbacks: [Option] = []
    /// Our estimate.
    let promptTokens: Int

    init(for request: ModelRequest, provider: Provider?, in catalog: CatalogSnapshot) throws(JobFailure) {
        promptTokens = TokenEstimate.prompt(of: request)
        let context = ContextFit(of: request, promptTokens: promptTokens)
        let needs = RequestNeeds(request)
        let named = try catalog.activeModels(named: request.model, provider: provider)
        var (models, refusal): ([Model], JobFailure?) = ([], nil)
        do throws(JobFailure) {
            models = try Self.fitting(request, needs, context, among: named)
        } catch { refusal = error }
        options = models.compactMap { Self.option($0, request, catalog, &refusal) }
        for model in named.flatMap(\.fallbackModels).compactMap({ catalog.activeModel(id: $0) })
        where !models.contains(where: { $0.id == model.id }) && !fallbacks.contains(where: { $0.model.id == model.id })
        {
            guard context.fits(model), needs.areMet(by: model),
                let option = Self.option(model, request, catalog, &refusal)
            else { continue }
            fallbacks.append(option)
        }
        guard options.isEmpty, fallbacks.isEmpty else { return }
        if let refusal { throw refusal }
        throw Self.noAccount(Set(models.map(\.provider)), in: catalog)
    }

    /// The routes that could serve the request on these accounts.
    func routes(of accounts: [String]) -> [Route] {
        guard !accounts.isEmpty else { return [] }
        return (options + fallbacks).flatMap(\.routes).filter { accounts.contains($0.account.id) }
    }

    /// Names ten accounts at most, by their ids.
    private static func noAccount(_ providers: Set<Provider>, in catalog: CatalogSnapshot) -> JobFailure {
        let platforms = providers.map(\.rawValue).sorted().joined(separator: ", ")
        let disabled = catalog.accounts.filter { providers.contains($0.provider) && $0.status == .disabled }
        let names = disabled.prefix(10).map { "\($0.id) is disabled" }.joined(separator: ", ")
        return JobFailure(
            .quotaExhausted, "no active account for \(platforms)" + (names.isEmpty ? "" : ": \(names)"),
            code: "no_active_account")
    }

    /// The part of an account that decides how its platform is spoken to.
    private struct Wire: Equatable {
        let mode: String?
        let settings: [String: String]
    }

    private static func option(
        _ model: Model, _ request: ModelRequest, _ catalog: CatalogSnapshot, _ refusal: inout JobFailure?
    ) -> Option? {
        // Checked once for accounts with equal settings, since a check reads the whole request.
        var judged: [(wire: Wire, verdict: JobFailure?)] = []
        let routes = catalog.routes(of: model)
        let able = routes.filter { route in
            let wire = Wire(mode: route.account.mode, settings: route.account.settings)
            if let known = judged.first(where: { $0.wire == wire }) { return known.verdict == nil }
            let verdict = route.refusal(of: request)
            judged.append((wire, verdict))
            refusal = refusal ?? verdict
            return verdict == nil
        }
        return able.isEmpty ? nil : Option(model: model, routes: able)
    }

    private static func fitting(
        _ request: ModelRequest, _ needs: RequestNeeds, _ context: ContextFit, among named: [Model]
    ) throws(JobFailure) -> [Model] {
        let able = try able(request, needs, among: named)
        let roomy = able.filter { context.fits($0) }
        guard !roomy.isEmpty else { throw context.refusal(of: request, by: able) }
        return roomy
    }

    private static func able(
        _ request: ModelRequest, _ needs: RequestNeeds, among named: [Model]
    ) throws(JobFailure) -> [Model] {
        do throws(RequestNeeds.Shortfall) { return try needs.able(among: named) } catch {
            guard case .capabilities(let missing) = error else { throw request.operation.refusal }
            let names = missing.map(\.rawValue).sorted().joined(separator: ", ")
            throw JobFailure(
                .unsupportedParameter, "the model cannot do what the request needs: \(names)",
                code: "unsupported_parameter")
        }
    }
}
