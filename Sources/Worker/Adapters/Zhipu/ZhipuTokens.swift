/// Signs Zhipu's JWT (HS256, as in Zhipu's documentation of November 2026).
///
/// In: a key `id.secret` and the time. Out: a token that is valid for 210 s and used for 180 s, as in Zhipu's SDK.
/// Fails with `authentication` for a key of another form.
import Shared

struct ZhipuTokens: TokenExchange {
    static let life: Int64 = 210_000
    static let use: Int64 = 180_000

    func begin(_ account: AccountView, now: Int64) throws(JobFailure) -> TokenStep {
        let parts = account.credential.reveal().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw JobFailure(.authentication, "The account's key must have the form 'id.secret'.")
        }
        let token = Self.jwt(id: String(parts[0]), secret: String(parts[1]), now: now)
        return .ready(AccessToken(credential: Credential(token), renewAt: now + Self.use))
    }

    func token(_ response: UpstreamResponse) throws(JobFailure) -> AccessToken {
        throw JobFailure(.internal, "Zhipu's tokens are signed here.")
    }

    /// Times are in milliseconds, and `sign_type` is required.
    static func jwt(id: String, secret: String, now: Int64) -> String {
        let header: JSONObject = ["alg": "HS256", "sign_type": "SIGN", "typ": "JWT"]
        let payload: JSONObject = [
            "api_key": .string(id), "exp": .number(JSONNumber(now + life)), "timestamp": .number(JSONNumber(now)),
        ]
        let signed = Base64.encodeURL(header.encoded) + "." + Base64.encodeURL(payload.encoded)
        return signed + "." + Base64.encodeURL(Digest.hmacSHA256(signed, key: Array(secret.utf8)))
    }
}
