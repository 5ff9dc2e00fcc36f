/// Gets Baidu's access tokens, as documented in November 2026: requested with AK and SK, valid for 30 days.
///
/// In: a key `AK:SK`. Out: the token. Fails with `authentication` for a key of another form and for one that Baidu
/// refuses. AK and SK stand in the query, as Baidu documents. URLs are never logged here, and TLS hides them from
/// everybody else. With the setting `auth: iam` no token is requested, since the key itself signs each request.
import Shared

struct ErnieTokens: TokenExchange {
    /// Milliseconds before its end at which a token is renewed.
    private static let margin: Int64 = 3_600_000
    private static let day: Int64 = 86_400_000
    /// The validity where Baidu gives none.
    private static let life = 30 * day

    func begin(_ account: AccountView, now: Int64) throws(JobFailure) -> TokenStep {
        let key = try ErnieKey(account.credential)
        if try ErnieCall.signs(account.settings) {
            return .ready(AccessToken(credential: account.credential, renewAt: now + Self.day))
        }
        let query = [("grant_type", "client_credentials"), ("client_id", key.access), ("client_secret", key.secret)]
            .map { "\($0)=\(PercentEncoding.encode($1))" }.joined(separator: "&")
        return .ask(
            UpstreamRequest(
                url: UpstreamRequest.join(
                    account.baseURL ?? ErnieV1Adapter.defaultBaseURL, "/oauth/2.0/token?" + query),
                headers: [("Content-Type", "application/json"), ("Accept", "application/json")], body: [],
                isStream: false))
    }

    func token(_ response: UpstreamResponse) throws(JobFailure) -> AccessToken {
        let body = ErrorBody.json(response.body)
        if (200...299).contains(response.status), let token = body?["access_token"]?.stringValue, !token.isEmpty {
            let longest = Self.life / 1000
            let seconds = body?["expires_in"]?.count.map(Int64.init) ?? longest
            let milliseconds = min(max(0, seconds), longest) * 1000
            // A token that lives for less than two hours is renewed half-way.
            return AccessToken(
                credential: Credential(token),
                renewAt: response.now + max(milliseconds - Self.margin, milliseconds / 2))
        }
        throw failure(response, body)
    }

    private func failure(_ response: UpstreamResponse, _ body: JSON?) -> JobFailure {
        let code = UpstreamError.code(body?["error"])
        let isRefusal = !code.isEmpty && response.status < 500 && response.status != 429 && code != "server_error"
        guard isRefusal else {
            let kind: JobFailure.Kind = response.status == 429 ? .rateLimited : .serverError
            return JobFailure(
                kind, "Baidu gave no access token.", code: SafeText.code(code), upstreamStatus: response.status,
                retryAfter: RetryAfter.parse(response.headers, now: response.now))
        }
        return JobFailure(
            .authentication, "Baidu refused the account's AK and SK.", code: SafeText.code(code),
            upstreamStatus: response.status)
    }
}

/// Both halves of a Baidu key: `AK:SK`, also with `|`.
struct ErnieKey: Sendable {
    let access: String
    let secret: String

    init(_ credential: Credential) throws(JobFailure) {
        let text = credential.reveal()
        let mark: Character = text.contains("|") ? "|" : ":"
        let parts = text.split(separator: mark, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.contains(" ") }) else {
            throw JobFailure(.authentication, "The account's key must have the form 'AK:SK'.")
        }
        access = parts[0]
        secret = parts[1]
    }
}
