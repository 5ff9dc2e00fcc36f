/// Checks the names in a row that must be known: models of the catalogue, and settings of its platform.
///
/// Pure. Only names that a change adds are checked, so that a row whose model was deleted can still be edited.
struct CatalogReferences: Sendable {
    /// Platform by id, of all models that there are after the change.
    let models: [String: String]

    func mistakes(_ declared: DeclaredRow, before: CatalogRow?) -> [String] {
        switch declared {
        case .model(let model):
            let known = Set(before?.model?.fallbackModels ?? [])
            return missing("fallback_models", model.fallbackModels.filter { !known.contains($0) }, among: models)
        case .account(let declared):
            let (account, before) = (declared.account, before?.account)
            let known = Set(before?.models ?? [])
            return missing(
                "models", account.models.filter { !known.contains($0) },
                among: models.filter { $0.value == account.provider.rawValue }, of: account.provider)
                + settings(account, before)
        }
    }

    private func missing(
        _ field: String, _ ids: [String], among known: [String: String], of provider: Provider? = nil
    ) -> [String] {
        ids.filter { known[$0] == nil }.map { id in
            let owner = provider.map { " of \($0.rawValue)" } ?? ""
            return "\(field): expected ids of models\(owner) in the catalogue, unlike \(Self.shown(id))"
                + Self.hint(id, known.keys.sorted())
        }
    }

    /// Lists all known names where they are few, else the most alike.
    private static func hint(_ id: String, _ known: [String]) -> String {
        guard known.count > 12 else {
            return known.isEmpty ? "; it has none" : "; it has " + known.joined(separator: ", ")
        }
        let nearest = known.min { CatalogReader.distance($0, id) < CatalogReader.distance($1, id) }
        return nearest.map { "; perhaps \($0)" } ?? ""
    }

    private func settings(_ account: Account, _ before: Account?) -> [String] {
        let changed = account.settings.filter {
            before?.provider != account.provider || before?.settings[$0.key] != $0.value
        }
        return changed.sorted { $0.key < $1.key }.compactMap { name, value in
            let place = "settings.\(Self.shown(name)): expected "
            guard account.provider.settings.contains(name) else {
                let all = account.provider.settings.joined(separator: ", ")
                return place + (all.isEmpty ? "no settings for" : "one of \(all) for") + " \(account.provider.rawValue)"
            }
            guard let words = account.provider.values(of: name), !value.isEmpty, !words.contains(value) else {
                return nil
            }
            return place + "one of " + words.joined(separator: ", ")
        }
    }

    /// A name may be anything, even a key in the wrong place.
    private static func shown(_ name: String) -> String {
        name.utf8.count <= 64 && name.utf8.allSatisfy { $0 > 32 && $0 < 127 } ? name : "?"
    }
}
