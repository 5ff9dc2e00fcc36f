/// The receivers that messages about alerts are written for, each in its own format.
package enum WebhookPlatform: String, Sendable, CaseIterable {
    /// JSON signed as Standard Webhooks has it (https://www.standardwebhooks.com).
    case generic
    case slack, dingtalk
    /// Lark, too.
    case feishu
    case wecom

    /// Secrets that a channel may have.
    ///
    /// Only the generic one takes several, for the time in which its receiver changes from one to the next.
    var mostSecrets: Int {
        switch self {
        case .generic: 4
        case .dingtalk, .feishu: 1
        case .slack, .wecom: 0
        }
    }

    /// Time between two messages of a channel.
    ///
    /// DingTalk and WeCom take 20 messages a minute, Feishu 100 a minute and 5 a second, Slack one a second.
    /// DingTalk refuses everything for ten minutes where there are more.
    var pause: Duration {
        switch self {
        case .generic: .zero
        case .slack, .feishu: .seconds(1)
        case .dingtalk, .wecom: .seconds(3)
        }
    }

    /// Alerts that one message tells of.
    ///
    /// Chosen by the size of a message: WeCom takes 4,096 bytes, Slack 50 blocks, DingTalk and Feishu 20 KB. More wait
    /// for the next message.
    var mostTogether: Int {
        switch self {
        case .generic: 1
        case .wecom: 7
        case .slack, .dingtalk, .feishu: 30
        }
    }

    /// Bytes of the text of one message, with room for what stands around it.
    var mostBytes: Int { self == .wecom ? 3900 : 16_000 }
}
