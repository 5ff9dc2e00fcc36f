/// Models and accounts as they were at one moment, with the look-ups that routing needs.
package struct CatalogSnapshot: Sendable {
    package let models: [Model]
    package let accounts: [Account]
    private let byName: [String: [Int]]
    private let routes: [String: [Route]]

    package init(models: [Model] = [], accounts: [Account] = []) {
        self.models = models.sorted { $0.id < $1.id }
        self.accounts = accounts.sorted { $0.id < $1.id }
        var byName: [String: [Int]] = [:]
        for (index, model) in self.models.enumerated() {
            for name in Set([model.id, model.name, model.modelID] + model.aliases) {
                byName[name, default: []].append(index)
            }
        }
        self.byName = byName
        let active = Dictionary(grouping: self.accounts.filter { $0.status == .active }, by: \.provider)
            .mapValues { $0.sorted { ($1.weight, $0.id) < ($0.weight, $1.id) } }
        routes = self.models.reduce(into: [:]) { routes, model in
            routes[model.id] = (active[model.provider] ?? []).filter { $0.serves(model) }
                .map { Route(model: model, account: $0) }
        }
    }

    /// Models with this id, name, platform's id or alias, inactive ones included, in the order of their ids.
    ///
    /// `<platform>/<name>` stands for the name on that platform, unless a model is called so itself.
    package func models(matching name: String, provider: Provider? = nil) -> [Model] {
        if let found = byName[name] {
            return found.map { models[$0] }.filter { provider == nil || $0.provider == provider }
        }
        guard let slash = name.utf8.firstIndex(of: UInt8(ascii: "/")),
            let named = Provider(rawValue: String(name[..<slash])),
            provider == nil || provider == named
        else { return [] }
        return (byName[String(name[name.utf8.index(after: slash)...])] ?? []).map { models[$0] }
            .filter { $0.provider == named }
    }

    /// Active models of this name.
    ///
    /// Throws the condition that failed: the name, the platform, or that the model is disabled.
    package func activeModels(named name: String, provider: Provider?) throws(JobFailure) -> [Model] {
        let named = models(matching: name, provider: provider)
        let active = named.filter(\.isActive)
        guard active.isEmpty else { return active }
        let why: String
        if !named.isEmpty {
            why = "The model \(Self.quoted(name)) is disabled."
        } else if let provider, !models(matching: name).isEmpty {
            why = "The model \(Self.quoted(name)) is not served on \(provider.rawValue)."
        } else {
            why = Self.unknown(name)
        }
        throw JobFailure(.modelNotFound, why, param: "model", code: "model_not_found")
    }

    package static func unknown(_ name: String) -> String {
        "The model \(quoted(name)) does not exist, or you do not have access to it."
    }

    /// Quotes a caller's word: bounded, on one line.
    private static func quoted(_ name: String) -> String {
        let shown = name.unicodeScalars.prefix(100).map { $0.value < 32 || $0.value == 127 ? " " : Character($0) }
        return "'\(String(shown))\(name.unicodeScalars.count > 100 ? "…" : "")'"
    }

    /// The model with exactly this id, or `nil` if it is disabled.
    package func activeModel(id: String) -> Model? {
        (byName[id] ?? []).map { models[$0] }.first { $0.id == id && $0.isActive }
    }

    /// One route per active account that serves the model, heavier ones first, ties by id.
    package func routes(of model: Model) -> [Route] { routes[model.id] ?? [] }
}
