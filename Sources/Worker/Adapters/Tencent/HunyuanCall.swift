/// One signed call of Tencent's API 3.0: the common part of a chat, an embedding and a ping.
///
/// In: the action, its body and the route. Out: the request, signed over the very bytes it sends. Fails with
/// `authentication` for an account that is set up wrongly: key, base URL, `language` or other settings.
import Shared

struct HunyuanCall: Sendable {
    static let version = "2023-09-01"

    let action: String
    let body: JSONObject
    var isStream = false

    func request(_ target: Target) throws(JobFailure) -> UpstreamRequest {
        let account = target.account
        let base = account.baseURL ?? HunyuanAdapter.defaultBaseURL
        let key = try HunyuanKey(account.credential)
        let bytes = body.encoded
        let seconds = target.now / 1000
        let signature = TC3Signature(
            secretID: key.id, secretKey: key.secret, host: try SignedHost.of(base), timestamp: seconds, body: bytes)
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("Accept", isStream ? "text/event-stream" : "application/json"),
            ("X-TC-Action", action), ("X-TC-Version", Self.version), ("X-TC-Timestamp", String(seconds)),
            ("Authorization", signature.authorization),
        ]
        headers += try Self.settings(account.settings)
        return UpstreamRequest(
            url: UpstreamRequest.join(base, "/"), headers: try ExtraHeaders.completing(headers, account.settings),
            body: bytes, isStream: isStream)
    }

    private static func settings(
        _ settings: [String: String]
    ) throws(JobFailure) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if let region = settings["region"], !region.isEmpty { headers.append(("X-TC-Region", region)) }
        if let language = settings["language"], !language.isEmpty {
            guard language == "zh-CN" || language == "en-US" else {
                throw JobFailure(.authentication, "The account's setting 'language' must be 'zh-CN' or 'en-US'.")
            }
            headers.append(("X-TC-Language", language))
        }
        return headers
    }
}

/// Both halves of a Tencent Cloud key.
///
/// The key is `SecretId:SecretKey`, the same with `|`, or one-api's `AppId|SecretId|SecretKey`.
struct HunyuanKey: Sendable {
    let id: String
    let secret: String

    init(_ credential: Credential) throws(JobFailure) {
        let text = credential.reveal()
        let mark: Character = text.contains("|") ? "|" : ":"
        let parts = text.split(separator: mark, omittingEmptySubsequences: false).map(String.init)
        let pair = mark == "|" && parts.count == 3 ? Array(parts.dropFirst()) : parts
        guard pair.count == 2, pair.allSatisfy({ !$0.isEmpty && !$0.contains(" ") }) else {
            throw JobFailure(.authentication, "The account's key must have the form 'SecretId:SecretKey'.")
        }
        id = pair[0]
        secret = pair[1]
    }
}
