/// Exchanges an account's key for a token, on platforms that require one: signed here (Zhipu), or requested (Baidu v1).
///
/// Pure, like the adapters. `AccountTokens` keeps tokens, renews them in time and requests each only once.
import Shared

protocol TokenExchange: Sendable {
    /// Returns a token, or the request that gets one. `account.credential` is the key as the account holds it.
    ///
    /// Fails with `authentication` where the key is not of the platform's form. `now` is in milliseconds since 1970.
    func begin(_ account: AccountView, now: Int64) throws(JobFailure) -> TokenStep

    /// Reads the response to the request of `.ask`, whatever its status.
    func token(_ response: UpstreamResponse) throws(JobFailure) -> AccessToken
}

enum TokenStep: Sendable {
    case ready(AccessToken)
    case ask(UpstreamRequest)
}

struct AccessToken: Sendable {
    var credential: Credential
    /// Milliseconds since 1970, from when on a new token is used.
    var renewAt: Int64
}

extension JobFailure {
    /// The code of a credential that the platform reports as expired or out of date.
    ///
    /// The key may still be good, so the caller renews token and clock and repeats the call once before it believes the
    /// refusal.
    static let staleCredential = "credential_expired"

    var isStaleCredential: Bool { kind == .authentication && code == JobFailure.staleCredential }
}
