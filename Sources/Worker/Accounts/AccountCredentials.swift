import Shared
import Synchronization

/// Opens the keys of accounts, in this worker's memory only.
///
/// In: an account. Out: its credential, or the reason for which it stays sealed. Each sealed text is opened once. A key
/// that cannot be opened is our own fault and says nothing of the account: it is `internal`, and never counts in the
/// account's health.
final class AccountCredentials: Sendable {
    private struct Known {
        let sealed: String
        let result: Result<Credential, KeyLock>
    }

    private let box: SecretBox?
    /// By account.
    private let known = Mutex<[String: Known]>([:])

    init(box: SecretBox?) { self.box = box }

    /// `nil` where the key is open, or the account has none.
    func lock(of account: Account) -> KeyLock? {
        guard case .failure(let lock) = result(account) else { return nil }
        return lock
    }

    func credential(of account: Account) throws(JobFailure) -> Credential {
        switch result(account) {
        case .success(let credential): return credential
        case .failure(.otherMasterKey):
            throw JobFailure(
                .internal,
                "this worker cannot open the account's key: it was sealed with another MASTER_KEY than the worker has",
                code: Self.code)
        case .failure(.damaged):
            throw JobFailure(
                .internal, "the account's sealed key is damaged or belongs to another account", code: Self.code)
        }
    }

    private static let code = "key_not_opened"

    private func result(_ account: Account) -> Result<Credential, KeyLock> {
        guard let sealed = account.apiKeyEncrypted, !sealed.isEmpty else { return .success(Credential("")) }
        if let known = known.withLock({ $0[account.id] }), known.sealed == sealed { return known.result }
        let result = opened(sealed, account.id)
        known.withLock { $0[account.id] = Known(sealed: sealed, result: result) }
        return result
    }

    private func opened(_ sealed: String, _ account: String) -> Result<Credential, KeyLock> {
        guard let box else { return .failure(.otherMasterKey) }
        do throws(SecretBox.Failure) {
            return .success(Credential(try box.open(sealed, for: account).reveal()))
        } catch {
            return .failure(error == .corrupted ? .damaged : .otherMasterKey)
        }
    }
}
