/// Models and accounts as they were at one moment, with the look-ups that routing needs.
package struct CatalogSnapshot: Sendable {
    package let models: [Model]
    package let accounts: [Account]
    private let byName: [String: [Int]]
    private let active: [Provider: [Account]]

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
        active = Dictionary(grouping: self.accounts.filter { $0.status == .active }, by: \.provider)
            .mapValues { $0.sorted { ($1.weight, $0.id) < ($0.weight, $1.id) } }
    }

    /// Models with this id, name, platform's id or alias, inactive ones included, in the order of their ids.
    package func models(matching name: String, provider: Provider? = nil) -> [Model] {
        (byName[name] ?? []).map { models[$0] }.filter { provider == nil || $0.provider == provider }
    }

    /// Those that serve the model, heavier ones first, ties by id.
    package func activeAccounts(for model: Model) -> [Account] {
        (active[model.provider] ?? []).filter { $0.serves(model) }
    }
}
