import Shared

/// Finds the models of the catalogue that the channels' names stand for.
///
/// A channel's name on a platform, with its mapped name and the channel's priority, is one model. Models of the
/// catalogue are kept. Missing ones get a row: under the name itself for the first one, and for others of the same name
/// under `name@platform` with the name as alias. A request for the name then finds all of them, best priority first.
struct ImportedModels {
    private struct Want: Hashable {
        let provider: Provider
        let name: String
        let upstream: String
        let priority: Int
    }

    private(set) var models: [ImportPlan.PlannedModel] = []
    private(set) var warnings: [ImportPlan.Remark] = []
    private let catalog: CatalogSnapshot
    private var wants: Set<Want> = []
    private var ids: [Want: String] = [:]
    private var taken: Set<String>

    init(_ catalog: CatalogSnapshot) {
        self.catalog = catalog
        taken = Set(catalog.models.map(\.id))
    }

    mutating func add(_ channel: ServableChannel) {
        for name in channel.models { wants.insert(Self.want(name, channel)) }
    }

    /// Decides about all of them, in an order that does not depend on that of the channels.
    mutating func settle() {
        let order = wants.sorted {
            ($0.name, $1.priority, $0.provider.rawValue, $0.upstream)
                < ($1.name, $0.priority, $1.provider.rawValue, $1.upstream)
        }
        for want in order {
            if let known = known(want) { keep(known, want) } else { create(want) }
        }
        warnAboutPrices()
    }

    func ids(of channel: ServableChannel) -> [String] {
        var seen: Set<String> = []
        return channel.models.compactMap { ids[Self.want($0, channel)] }.filter { seen.insert($0).inserted }
    }

    private static func want(_ name: String, _ channel: ServableChannel) -> Want {
        Want(
            provider: channel.provider, name: name, upstream: channel.upstream(of: name),
            priority: channel.row.priority)
    }

    /// Of several, the one with the channel's priority.
    private func known(_ want: Want) -> Model? {
        let fitting = catalog.models(matching: want.name, provider: want.provider)
            .filter { want.upstream == want.name || $0.modelID == want.upstream }
        return fitting.first { $0.priority == want.priority } ?? fitting.first
    }

    private mutating func keep(_ model: Model, _ want: Want) {
        ids[want] = model.id
        if !models.contains(where: { $0.model.id == model.id }) {
            models.append(ImportPlan.PlannedModel(model: model, isKept: true))
            if !model.isActive { warn("model \(model.id)", "it is disabled in the catalogue, and stays so") }
        }
        if model.priority != want.priority {
            warn(
                "model \(model.id)",
                "it keeps its priority \(model.priority), where a channel has \(want.priority); the weights of accounts can tell them apart"
            )
        }
    }

    private mutating func create(_ want: Want) {
        var id = want.name
        var number = 1
        while !taken.insert(id).inserted {
            id = "\(want.name)@\(want.provider.rawValue)" + (number == 1 ? "" : "-\(number)")
            number += 1
        }
        ids[want] = id
        let capabilities = Self.makesVectors(want.name) ? Capabilities(["embeddings": true]) : Capabilities()
        let model = Model(
            id: id, provider: want.provider, modelID: want.upstream, priority: want.priority,
            capabilities: capabilities, aliases: id == want.name ? [] : [want.name])
        models.append(ImportPlan.PlannedModel(model: model, isKept: false))
    }

    private mutating func warnAboutPrices() {
        let fresh = models.filter { !$0.isKept }.map(\.model.id)
        guard !fresh.isEmpty else { return }
        warn("prices", "these have none, and count as free until they get one: \(fresh.joined(separator: ", "))")
    }

    private mutating func warn(_ about: String, _ text: String) {
        let remark = ImportPlan.Remark(about: about, text: text)
        if !warnings.contains(remark) { warnings.append(remark) }
    }

    /// Goes by the names in use, since neither product writes down the purpose of a model.
    static func makesVectors(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.contains("embedding") || ["bge-", "m3e", "gte-", "tao-"].contains { name.hasPrefix($0) }
    }

    static func isServable(_ name: String) -> Bool {
        let name = name.lowercased()
        let others = [
            "dall-e", "whisper", "tts", "gpt-image", "midjourney", "mj_", "suno", "stable-diffusion", "flux", "rerank",
            "moderation", "sora", "realtime", "wanx", "cogview", "cogvideo", "speech", "imagen", "veo-",
        ]
        return !others.contains { name.contains($0) }
    }
}
