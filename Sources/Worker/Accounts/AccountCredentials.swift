import Shared
import Synchronization

/// The keys of accounts, opened in this worker's memory only.
///
/// In: an account. Out: its credential; each sealed text is opened once. Fails with `authentication` where the key cannot
/// be opened: another account may do.
final class AccountCredentials: Sendable {
    private let box: SecretBox?
    private let opened = Mutex<[String: Credential]>([:])

    init(box: SecretBox?) { self.box = box }

    func credential(of account: Account) throws(JobFailure) -> Credential {
        guard let sealed = account.apiKeyEncrypted, !sealed.isEmpty else { return Credential("") }
        if let known = opened.withLock({ $0[sealed] }) { return known }
        guard let box else {
            throw JobFailure(.authentication, "MASTER_KEY is not set, so the account's key cannot be opened")
        }
        do {
            let credential = Credential(try box.open(sealed, for: account.id).reveal())
            opened.withLock { $0[sealed] = credential }
            return credential
        } catch {
            throw JobFailure(.authentication, "the account's key cannot be opened: \(error)")
        }
    }
}
