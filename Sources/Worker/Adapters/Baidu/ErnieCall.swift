/// One call of Baidu's v1 API: the common part of a chat, an embedding and a ping.
///
/// In: path, body and the route. Out: the request, with the access token in its query or signed, as the account's
/// setting `auth` says. The platform takes the token nowhere else, and URLs are never logged. Fails with
/// `authentication` for an account that is set up wrongly.
import Shared

struct ErnieCall: Sendable {
    private static let root = "/rpc/2.0/ai_custom/v1/wenxinworkshop/"

    /// Below `wenxinworkshop/`.
    let path: String
    let body: JSONObject
    var isStream = false

    func request(_ target: Target) throws(JobFailure) -> UpstreamRequest {
        let account = target.account
        var url = UpstreamRequest.join(account.baseURL ?? ErnieV1Adapter.defaultBaseURL, Self.root + path)
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("Accept", isStream ? "text/event-stream" : "application/json"),
        ]
        if try Self.signs(account.settings) {
            headers += try signature(url, target)
        } else {
            let token = account.credential.reveal()
            guard !token.isEmpty else { throw JobFailure(.authentication, "The account has no access token.") }
            url += "?access_token=" + PercentEncoding.encode(token)
        }
        return UpstreamRequest(
            url: url, headers: try ExtraHeaders.completing(headers, account.settings), body: body.encoded,
            isStream: isStream)
    }

    /// True when the key is an IAM key that signs, and not one that gets tokens.
    static func signs(_ settings: [String: String]) throws(JobFailure) -> Bool {
        switch settings["auth"] ?? "" {
        case "", "token": false
        case "iam": true
        default: throw JobFailure(.authentication, "The account's setting 'auth' must be 'token' or 'iam'.")
        }
    }

    private func signature(_ url: String, _ target: Target) throws(JobFailure) -> [(name: String, value: String)] {
        let key = try ErnieKey(target.account.credential)
        let seconds = target.now / 1000
        let date = UTCTime(secondsSince1970: seconds).dateAndTime
        let signature = BCESignature(
            accessKey: key.access, secretKey: key.secret, path: Self.path(of: url),
            headers: [
                ("content-type", "application/json"), ("host", try SignedHost.of(url)), ("x-bce-date", date),
            ], timestamp: seconds)
        return [("x-bce-date", date), ("Authorization", signature.authorization)]
    }

    private static func path(of url: String) -> String {
        guard let scheme = url.range(ofLiteral: "://"), let slash = url[scheme.upperBound...].firstIndex(of: "/")
        else { return "/" }
        return String(url[slash...])
    }
}
