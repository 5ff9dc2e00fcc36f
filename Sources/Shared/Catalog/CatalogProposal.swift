/// Judges one row as somebody wants it against the catalogue: either it can be written, or all mistakes are told.
///
/// In: the fields that are given, the row as it is (locked), the models that there are. Out: the declared row and its
/// sealed key.
struct CatalogProposal: Sendable {
    /// The catalogue and the rules around the row that is judged.
    struct Surroundings: Sendable {
        var references: CatalogReferences
        var box: SecretBox?
        /// Environment variables and files may hold keys, which is for people at this machine only.
        var allowsReferences: Bool
        /// A text is no number, as in JSON.
        ///
        /// In a file that people write it may be one.
        var isTyped = true
    }

    private(set) var declared: DeclaredRow
    /// As the database keeps it, or `nil` where the row's key stays.
    private(set) var key: String?
    private(set) var mistakes: [String]
    /// A key is given in clear, and there is no `MASTER_KEY`.
    private(set) var needsMasterKey = false

    /// Judges a new row where `row` is `nil`.
    ///
    /// Throws only mistakes that keep everything else from being read.
    init(
        _ edit: CatalogEdit, over row: CatalogRow?, _ surroundings: Surroundings
    ) throws(CatalogFile.Mistakes) {
        let whole: JSON = if let row { try edit.applied(to: row.fields) } else { edit.given }
        guard var fields = whole.objectValue else {
            throw CatalogFile.Mistakes(list: ["expected an object with named fields"])
        }
        // The row's own address is judged only when it is given again.
        let kept = edit.style == .patch && edit.given["base_url"] == nil ? row?.account?.baseURL : nil
        if kept != nil { fields.remove("base_url") }
        let reading = DeclaredRow.reading(
            edit.kind, fields, allowsReferences: surroundings.allowsReferences, isTyped: surroundings.isTyped)
        declared = kept.map { reading.row.with(address: $0) } ?? reading.row
        mistakes = reading.mistakes
        if row == nil, edit.given["api_key"]?.stringValue == Account.mask {
            mistakes.append("api_key: expected the key, not its mask")
        }
        let isWrongPlatform = mistakes.contains { $0.hasPrefix("provider:") }
        if !isWrongPlatform { mistakes += surroundings.references.mistakes(declared, before: row) }
        sealKey(surroundings.box)
    }

    private mutating func sealKey(_ box: SecretBox?) {
        guard case .account(let account) = declared else { return }
        if case .plain = account.key, box == nil {
            needsMasterKey = true
            return
        }
        do { key = try account.sealedKey(box) } catch { mistakes += error.list }
    }

    /// The edit takes an active row out of use, which needs a reason.
    func disables(_ row: CatalogRow) -> Bool {
        switch declared {
        case .model(let model): row.model?.isActive == true && !model.isActive
        case .account(let account):
            row.account?.status == .active && account.givesStatus && account.account.status == .disabled
        }
    }

    /// Keeps the reason of an account that stays disabled.
    mutating func keepReason(of row: CatalogRow) {
        guard case .account(var account) = declared, row.account?.status == .disabled,
            account.account.status == .disabled
        else { return }
        account.givenState.remove("status")
        declared = .account(account)
    }

    /// Keeps a key and a status that are as they should be already, so that nothing is written about them.
    mutating func keepEqual(to row: CatalogRow, _ box: SecretBox?) {
        guard case .account(var account) = declared, let before = row.account else { return }
        if account.account.status == before.status { account.givenState.remove("status") }
        if Self.isSame(account.key, before, box) { key = nil }
        declared = .account(account)
    }

    private static func isSame(_ source: CatalogFile.KeySource, _ before: Account, _ box: SecretBox?) -> Bool {
        guard let sealed = before.apiKeyEncrypted else { return false }
        if case .sealed(let text) = source { return text == sealed }
        // A key that cannot be opened or read here counts as another one.
        do { return try source.secret() == box?.open(sealed, for: before.id) } catch { return false }
    }
}

extension DeclaredRow {
    fileprivate func with(address: String) -> DeclaredRow {
        guard case .account(var declared) = self else { return self }
        declared.account.baseURL = address
        return .account(declared)
    }
}
