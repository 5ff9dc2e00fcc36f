import Shared

/// Plans what an import writes, from the channels and from the catalogue as it is (pure).
struct ImportPlan: Sendable {
    struct PlannedAccount: Sendable {
        var entry: DeclaredAccount
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
        CatalogFile(models: models.filter { !$0.isKept }.map(\.model), accounts: accounts.map(\.entry))
    }

    private mutating func add(_ channel: ServableChannel, models: [String]) {
        let row = channel.row
        let several = channel.keys.count > 1
        for (index, key) in channel.keys.enumerated() {
            let id = options.prefix + "\(row.id)" + (several ? "-\(index + 1)" : "")
            let known = catalog.accounts.first { $0.id == id }
            if let known, known.provider != channel.provider {
                skipped.append(
                    Remark(
                        about: row.label,
                        text: "account \(id) is one of \(known.provider.rawValue); use another --prefix"))
                continue
            }
            let isActive = row.status == .enabled && key.status == .enabled && !options.isDisabled
            // Limits and quotas, which the source does not know, stay as they are here.
            var account = known ?? Account(id: id, provider: channel.provider)
            account.accountName = row.name.isEmpty ? id : row.name + (several ? " \(index + 1)" : "")
            account.baseURL = channel.baseURL
            account.mode = channel.mode
            account.status = isActive ? .active : .disabled
            account.weight = max(row.weight, 1)
            account.settings.merge(channel.settings.merging(key.settings) { $1 }) { $1 }
            account.models = models
            accounts.append(
                PlannedAccount(
                    entry: DeclaredAccount(
                        account: account, key: key.secret.map { .plain($0) } ?? .none, givesQuotaUsed: false,
                        // An account that was enabled or disabled here since the last import stays so.
                        givesStatus: known == nil || options.isDisabled, givesHealth: false),
                    maskedKey: ImportPlan.mask(key.secret), isKnown: known != nil))
        }
        warnings += channel.warnings.map { Remark(about: row.label, text: $0) }
    }

    /// An account without a list of models takes part in everything on its platform.
    private mutating func warnAboutOpenAccounts() {
        let fresh = Set(models.filter { !$0.isKept }.map(\.model.provider))
        for account in catalog.accounts
        where account.models.isEmpty && fresh.contains(account.provider)
            && !accounts.contains(where: { $0.entry.account.id == account.id })
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
