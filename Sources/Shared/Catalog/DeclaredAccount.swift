/// An account as a file or a person declares it: its fields, the source of its key, and the state that it gives.
package struct DeclaredAccount: Sendable {
    package var account: Account
    package var key: CatalogFile.KeySource
    package var givesQuotaUsed: Bool
    package var givesStatus: Bool
    package var givesHealth: Bool

    package init(
        account: Account, key: CatalogFile.KeySource, givesQuotaUsed: Bool, givesStatus: Bool, givesHealth: Bool
    ) {
        self.account = account
        self.key = key
        self.givesQuotaUsed = givesQuotaUsed
        self.givesStatus = givesStatus
        self.givesHealth = givesHealth
    }

    /// The key as the database keeps it, or `nil` for accounts without one.
    ///
    /// A mistake names the field, never the key.
    func sealedKey(_ box: SecretBox?) throws(CatalogFile.Mistakes) -> String? {
        if case .sealed(let text) = key { return text }
        guard let secret = try key.secret() else { return nil }
        guard let box else {
            throw CatalogFile.Mistakes(list: ["\(key.field): expected MASTER_KEY to be set, to seal the key"])
        }
        do { return try box.seal(secret, for: account.id) } catch {
            throw CatalogFile.Mistakes(list: ["\(key.field): expected a key that can be sealed"])
        }
    }

    init(_ reader: inout CatalogReader) {
        account = Account(&reader)
        key = reader.key()
        givesQuotaUsed = reader.gives("quota_used")
        givesStatus = reader.gives("status")
        givesHealth = reader.gives("health_score")
    }

    /// True for the fields of `Account.stateFields` that the declaration names.
    func gives(_ field: String) -> Bool {
        switch field {
        case "quota_used": givesQuotaUsed
        case "status": givesStatus
        case "health_score": givesHealth
        default: false
        }
    }
}
