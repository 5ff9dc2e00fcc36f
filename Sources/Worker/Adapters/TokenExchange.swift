/// Platforms whose wire takes a token instead of the account's key: signed here (Zhipu), or asked for (Baidu v1).
///
/// Pure, like the adapters: who keeps tokens, renews them in time and asks only once is `AccountTokens`.
import Shared

protocol TokenExchange: Sendable {
    /// A token, or the request that gets one. `account.credential` is the key as the account holds it.
    ///
    /// Fails with `authentication` where the key is not of the platform's form. `now` is in milliseconds since 1970.
    func begin(_ account: AccountView, now: Int64) throws(JobFailure) -> TokenStep

    /// Reads the answer to the request of `.ask`, whatever its status.
    func token(_ response: UpstreamResponse) throws(JobFailure) -> AccessToken
}

enum TokenStep: Sendable {
    case ready(AccessToken)
    case ask(UpstreamRequest)
}

struct AccessToken: Sendable {
    var credential: Credential
    /// Milliseconds since 1970: from here on a new one is used.
    var renewAt: Int64
}

extension JobFailure {
    /// The code of a credential that the platform calls expired or out of date.
    ///
    /// The key may still be good: the caller renews token and clock, and asks once more, before it believes the refusal.
    static let staleCredential = "credential_expired"

    var isStaleCredential: Bool { kind == .authentication && code == JobFailure.staleCredential }
}
