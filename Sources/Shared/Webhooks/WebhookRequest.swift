/// One message as a channel's platform takes it.
package struct WebhookRequest: Sendable {
    /// With the channel's token, and DingTalk's signature.
    let url: Secret
    let headers: [(String, String)]
    let body: [UInt8]

    /// `nil` for a digest without alerts.
    ///
    /// Signed with the time `now`, in milliseconds since 1970.
    init?(_ channel: WebhookChannel, _ digest: AlertDigest, at now: Int64) {
        guard let first = digest.notices.first else { return nil }
        var (url, headers) = (channel.url.reveal(), [("content-type", "application/json; charset=utf-8")])
        let secrets = channel.secrets.map { $0.reveal() }
        let seconds = now / 1000
        switch channel.platform {
        case .generic:
            guard let generic = digest.generic else { return nil }
            body = generic.encoded
            headers += [("webhook-id", first.messageID), ("webhook-timestamp", "\(seconds)")]
            let signature = WebhookSignature.standard(secrets, id: first.messageID, at: seconds, body)
            if !signature.isEmpty { headers.append(("webhook-signature", signature)) }
        case .slack: body = digest.slack.encoded
        case .dingtalk:
            body = digest.dingTalk.encoded
            if let secret = secrets.first {
                let sign = PercentEncoding.encode(WebhookSignature.dingTalk(secret, at: now))
                url += (url.contains("?") ? "&" : "?") + "timestamp=\(now)&sign=\(sign)"
            }
        case .feishu:
            var json = digest.feishu.objectValue ?? [:]
            if let secret = secrets.first {
                json.set("timestamp", .string("\(seconds)"))
                json.set("sign", .string(WebhookSignature.feishu(secret, at: seconds)))
            }
            body = JSON.object(json).encoded
        case .wecom: body = digest.weCom.encoded
        }
        self.url = Secret(url)
        self.headers = headers
    }
}
