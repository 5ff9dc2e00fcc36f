/// The outcome of one delivery.
package enum WebhookAnswer: Sendable, Equatable {
    case delivered
    /// It may be delivered later.
    ///
    /// The reason is for logs and people. It holds no URL and nothing that the receiver wrote.
    case failed(String, retryAfter: Duration? = nil)
    /// The receiver will never take this message.
    case refused(String)

    package var reason: String? {
        switch self {
        case .delivered: nil
        case .failed(let reason, _), .refused(let reason): reason
        }
    }
}

extension WebhookAnswer {
    /// Chosen: a receiver that asks for more has another look taken at it by then.
    private static let longestPause: Int64 = 3600

    /// Reads a response.
    ///
    /// DingTalk, Feishu and WeCom answer 200 with an error code in the body.
    init(_ platform: WebhookPlatform, status: Int, retryAfter: String? = nil, body: [UInt8]) {
        guard (200...299).contains(status) else {
            self = Self.refusal(status, retryAfter)
            return
        }
        switch platform {
        case .generic: self = .delivered
        case .slack:
            let text = String(decoding: body, as: UTF8.self).trimmingSpaces
            self = text == "ok" ? .delivered : .failed("the answer is not Slack's")
        case .dingtalk, .wecom: self = Self.answer(platform, Self.code(body, ["errcode"]))
        case .feishu: self = Self.answer(platform, Self.code(body, ["code", "StatusCode"]))
        }
    }

    private static func refusal(_ status: Int, _ retryAfter: String?) -> WebhookAnswer {
        let pause = retryAfter.flatMap { Int64($0.trimmingSpaces) }.map { $0.clamped(to: 0...longestPause) }
        let reason = "HTTP status \(status)"
        // A body that is too large or of a wrong form stays so. All else may be mended at the receiver.
        return status == 400 || status == 413 || status == 422
            ? .refused(reason) : .failed(reason, retryAfter: pause.map { .seconds($0) })
    }

    private static func code(_ body: [UInt8], _ names: [String]) -> Int? {
        guard let json = try? JSON(parsing: body) else { return nil }
        return names.lazy.compactMap { json[$0]?.intValue }.first
    }

    private static func answer(_ platform: WebhookPlatform, _ code: Int?) -> WebhookAnswer {
        guard let code else { return .failed("the answer is not that of \(platform.rawValue)") }
        if code == 0 { return .delivered }
        let meaning = meanings[platform]?[code]
        let reason = "error code \(code)" + (meaning.map { ": \($0.text)" } ?? "")
        return meaning?.isFinal == true ? .refused(reason) : .failed(reason, retryAfter: meaning?.pause)
    }

    private struct Meaning {
        let text: String
        var pause: Duration?
        var isFinal = false
    }

    private static let meanings: [WebhookPlatform: [Int: Meaning]] = [
        .dingtalk: [
            310_000: Meaning(text: "keyword, signature or IP address refused"),
            // It blocks a robot for ten minutes.
            130_101: Meaning(text: "too many messages", pause: .seconds(600)),
        ],
        .feishu: [
            19_021: Meaning(text: "signature or time refused"), 19_022: Meaning(text: "IP address refused"),
            19_024: Meaning(text: "keyword missing"), 9499: Meaning(text: "body refused", isFinal: true),
            11_232: Meaning(text: "too many messages", pause: .seconds(30)),
        ],
        .wecom: [
            45_009: Meaning(text: "too many messages", pause: .seconds(60)),
            40_058: Meaning(text: "message too long", isFinal: true), 93_000: Meaning(text: "key refused"),
        ],
    ]
}
