/// An account as a file or a person declares it: its fields, the source of its key, and the state that it gives.
package struct DeclaredAccount: Sendable {
    package var account: Account
    package var key: CatalogFile.KeySource
    /// The names of the fields in `Account.stateFields` that the declaration gives.
    ///
    /// The row keeps its others.
    package var givenState: Set<String>

    package init(account: Account, key: CatalogFile.KeySource, givenState: Set<String>) {
        self.account = account
        self.key = key
        self.givenState = givenState
    }

    package var givesStatus: Bool { givenState.contains("status") }

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
        givenState = []
        for field in Account.stateFields where reader.gives(field.name) { givenState.insert(field.name) }
    }
}
