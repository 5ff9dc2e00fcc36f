/// One entry as somebody wants it, judged against what the catalogue has: what to write, or everything that is wrong.
///
/// In: the fields that are given, the row as it is (locked), the models that there are. Out: the entry and its sealed key.
struct CatalogProposal: Sendable {
    /// What judging needs beside the entry.
    struct Surroundings: Sendable {
        var references: CatalogReferences
        var box: SecretBox?
        /// Keys may be named by environment variable or file: for people at this machine only.
        var allowsReferences: Bool
        /// A text is no number: of JSON, not of a file that people write.
        var isTyped = true
    }

    private(set) var declared: DeclaredRow
    /// As the database keeps it; `nil` where it stays.
    private(set) var key: String?
    private(set) var mistakes: [String]
    /// A key is given in clear, and there is no `MASTER_KEY`.
    private(set) var needsMasterKey = false

    /// A new entry where `row` is `nil`.
    ///
    /// Throws only what keeps everything else from being read.
    init(
        _ edit: CatalogEdit, over row: CatalogRow?, _ surroundings: Surroundings
    ) throws(CatalogFile.Mistakes) {
        let whole: JSON = if let row { try edit.applied(to: row.fields) } else { edit.given }
        guard var fields = whole.objectValue else {
            throw CatalogFile.Mistakes(list: ["expected an object with named fields"])
        }
        // An address of before is judged only when it is given again.
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

    /// Takes an active entry out of use: somebody must say why.
    func disables(_ row: CatalogRow) -> Bool {
        switch declared {
        case .model(let model): row.model?.isActive == true && !model.isActive
        case .account(let account):
            row.account?.status == .active && account.givesStatus && account.account.status == .disabled
        }
    }

    /// An account that stays disabled keeps what was said about it.
    mutating func keepReason(of row: CatalogRow) {
        guard case .account(var account) = declared, row.account?.status == .disabled,
            account.account.status == .disabled
        else { return }
        account.givesStatus = false
        declared = .account(account)
    }

    /// Keeps what is as it should be already, so that nothing is written about it: the key, and why an account is disabled.
    mutating func keepEqual(to row: CatalogRow, _ box: SecretBox?) {
        guard case .account(var account) = declared, let before = row.account else { return }
        if account.account.status == before.status { account.givesStatus = false }
        if Self.isSame(account.key, before, box) { key = nil }
        declared = .account(account)
    }

    private static func isSame(_ source: CatalogFile.KeySource, _ before: Account, _ box: SecretBox?) -> Bool {
        guard let sealed = before.apiKeyEncrypted else { return false }
        if case .sealed(let text) = source { return text == sealed }
        // A key that cannot be opened here, or read, is another one.
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
