import Shared

/// Plans what an import writes, from the channels and from the catalogue as it is (pure).
struct ImportPlan: Sendable {
    struct PlannedAccount: Sendable {
        var declared: DeclaredAccount
        /// Its last characters at most.
        var maskedKey: String
        /// Was imported before.
        var isKnown: Bool
    }

    struct PlannedModel: Sendable, Equatable {
        var model: Model
        /// In the catalogue already, and left as it is.
        var isKept: Bool
    }

    struct Remark: Sendable, Equatable {
        /// A channel, as in `3 "main"`, or what else it is about.
        var about: String
        var text: String
    }

    struct Options: Sendable {
        var product: ImportProduct
        /// Begins the ids of accounts.
        var prefix: String
        /// Nothing is called until somebody enables it.
        var isDisabled = false
    }

    private(set) var accounts: [PlannedAccount] = []
    private(set) var models: [PlannedModel] = []
    private(set) var skipped: [Remark] = []
    private(set) var warnings: [Remark] = []

    private let options: Options
    private let catalog: CatalogSnapshot

    init(_ channels: [ChannelRow], _ options: Options, catalog: CatalogSnapshot) {
        self.options = options
        self.catalog = catalog
        var servable: [ServableChannel] = []
        for channel in channels {
            do throws(ChannelAddress.Refusal) {
                servable.append(try ServableChannel(channel, options.product))
            } catch {
                skipped.append(Remark(about: channel.label, text: error.reason))
            }
        }
        var namer = ImportedModels(catalog)
        for channel in servable { namer.add(channel) }
        namer.settle()
        models = namer.models
        warnings += namer.warnings
        for channel in servable { add(channel, models: namer.ids(of: channel)) }
        warnAboutOpenAccounts()
    }

    /// For `CatalogStore.apply`: the rows that are new or changed.
    var file: CatalogFile {
        CatalogFile(models: models.filter { !$0.isKept }.map(\.model), accounts: accounts.map(\.declared))
    }

    private mutating func add(_ channel: ServableChannel, models: [String]) {
        for (index, key) in channel.keys.enumerated() {
            let number = channel.keys.count > 1 ? index + 1 : nil
            let id = options.prefix + "\(channel.row.id)" + (number.map { "-\($0)" } ?? "")
            let known = catalog.accounts.first { $0.id == id }
            if let known, known.provider != channel.provider {
                let text = "account \(id) is one of \(known.provider.rawValue); use another --prefix"
                skipped.append(Remark(about: channel.row.label, text: text))
                continue
            }
            // Limits and quotas, which the source does not know, stay as they are here.
            var account = known ?? Account(id: id, provider: channel.provider)
            account.take(channel, number: number)
            account.status =
                channel.row.status == .enabled && key.status == .enabled && !options.isDisabled ? .active : .disabled
            account.settings.merge(channel.settings.merging(key.settings) { $1 }) { $1 }
            account.models = models
            accounts.append(planned(account, key.secret, isKnown: known != nil))
        }
        warnings += channel.warnings.map { Remark(about: channel.row.label, text: $0) }
    }

    private func planned(_ account: Account, _ key: Secret?, isKnown: Bool) -> PlannedAccount {
        PlannedAccount(
            declared: DeclaredAccount(
                account: account, key: key.map { .plain($0) } ?? .none,
                // An account that was enabled or disabled here since the last import stays so.
                givenState: !isKnown || options.isDisabled ? ["status"] : []),
            maskedKey: ImportPlan.mask(key), isKnown: isKnown)
    }

    /// An account without a list of models takes part in everything on its platform.
    private mutating func warnAboutOpenAccounts() {
        let fresh = Set(models.filter { !$0.isKept }.map(\.model.provider))
        for account in catalog.accounts
        where account.models.isEmpty && fresh.contains(account.provider)
            && !accounts.contains(where: { $0.declared.account.id == account.id })
        {
            warnings.append(
                Remark(
                    about: "account \(account.id)",
                    text:
                        "it names no models, so it will be asked for the imported ones of \(account.provider.rawValue), too; name its models"
                ))
        }
    }

    /// Enough to tell keys apart, too little to use one.
    static func mask(_ key: Secret?) -> String {
        guard let text = key?.reveal() else { return "none" }
        return text.utf8.count >= 16 ? "…" + text.suffix(4) : "…"
    }
}

extension ChannelRow {
    var label: String { "channel \(id)" + (name.isEmpty ? "" : " \"\(name)\"") }
}

extension Account {
    /// Takes the fields that all keys of a channel share.
    ///
    /// `number` tells its accounts apart.
    fileprivate mutating func take(_ channel: ServableChannel, number: Int?) {
        let name = channel.row.name
        accountName = name.isEmpty ? id : name + (number.map { " \($0)" } ?? "")
        baseURL = channel.baseURL
        mode = channel.mode
        weight = max(channel.row.weight, 1)
    }
}
