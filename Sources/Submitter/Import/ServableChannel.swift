import Shared

/// A channel in our words: platform, mode, address, keys, settings.
///
/// Throws the reason why it cannot be served.
struct ServableChannel: Sendable {
    struct Key: Sendable {
        /// `nil` for servers that want none.
        var secret: Secret?
        var status: ChannelRow.Status
        var settings: [String: String] = [:]
    }

    let row: ChannelRow
    let provider: Provider
    let mode: String?
    let baseURL: String?
    private(set) var keys: [Key] = []
    private(set) var settings: [String: String] = [:]
    /// As callers name them, without models that no operation of ours can use.
    private(set) var models: [String] = []
    private(set) var warnings: [String] = []

    init(_ row: ChannelRow, _ product: ImportProduct) throws(ChannelAddress.Refusal) {
        guard let meaning = product.meaning(of: row.type) else {
            throw .init(reason: "its type \(row.type) is unknown")
        }
        guard case .served(let provider, let mode, let base, let path) = meaning else {
            guard case .unserved(let reason) = meaning else { throw .init(reason: "") }
            throw .init(reason: reason)
        }
        self.row = row
        self.provider = provider
        baseURL = try ChannelAddress.of(row.baseURL, provider: provider, mode: mode, base: base, path: path)
        // OpenAI's own rules hold for OpenAI's own server only.
        self.mode = provider == .openai && baseURL != nil ? "compatible" : mode
        keys = try readKeys()
        sortModels()
        guard !models.isEmpty else { throw .init(reason: "it names no model that can be served") }
        readSettings()
    }

    func upstream(of model: String) -> String {
        // Both products follow a chain of names. A circle ends where it began.
        var (name, seen) = (model, Set([model]))
        while let next = row.mapping[name], seen.insert(next).inserted { name = next }
        return name
    }

    private func readKeys() throws(ChannelAddress.Refusal) -> [Key] {
        if row.keys.isEmpty {
            guard mode == "compatible", provider == .openai else { throw .init(reason: "it has no key") }
            return [Key(secret: nil, status: .enabled)]
        }
        var keys: [Key] = []
        for key in row.keys {
            guard let ours = form(of: key.secret) else {
                throw .init(reason: "a key has not the form of its platform's")
            }
            keys.append(Key(secret: ours.secret, status: key.status, settings: ours.settings))
        }
        return keys
    }

    /// The key as docs/platforms.md has it, or `nil` where a part is missing.
    private func form(of key: Secret) -> (secret: Secret, settings: [String: String])? {
        let parts = key.reveal().split(separator: "|", omittingEmptySubsequences: false).map { String($0.trimmed) }
        switch (provider, mode) {
        case (.baidu, "legacy"):
            return parts.count == 2 && !parts.contains("") ? (Secret(parts.joined(separator: ":")), [:]) : nil
        case (.baidu, _):
            return (Secret(parts[0]), parts.count > 1 ? ["appid": parts[1]] : [:])
        case (.tencent, "native"):
            return parts.count == 3 && !parts.contains("") ? (Secret(parts[1] + ":" + parts[2]), [:]) : nil
        default: return (key, [:])
        }
    }

    private mutating func sortModels() {
        var (seen, unserved): (Set<String>, [String]) = ([], [])
        for name in row.models where seen.insert(name).inserted && name.utf8.count <= 256 {
            if ImportedModels.isServable(name) { models.append(name) } else { unserved.append(name) }
        }
        if !unserved.isEmpty {
            warnings.append("left out, since only chat and vectors are served: \(unserved.joined(separator: ", "))")
        }
    }

    private mutating func readSettings() {
        if let organization = row.organization, provider == .openai { settings["organization"] = organization }
        let reserved: Set = [
            "authorization", "content-type", "content-length", "host", "connection", "transfer-encoding",
        ]
        let usable = row.headers.filter { !reserved.contains($0.key.lowercased()) && !$0.value.contains("{") }
        if !usable.isEmpty {
            settings["headers"] = usable.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(
                separator: "\n")
        }
        if usable.count < row.headers.count { warnings.append("some of header_override cannot be carried over") }
        for column in row.leftovers { warnings.append("its \(column) is not carried over") }
        let groups = row.groups.filter { $0 != "default" }
        if !groups.isEmpty {
            warnings.append("groups are not carried over (\(groups.joined(separator: ", "))): every caller may use it")
        }
    }
}
