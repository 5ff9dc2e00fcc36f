import Testing

@testable import Shared

@Suite struct WebhookAnswerTests {
    private func answer(
        _ platform: WebhookPlatform, _ body: String = "", status: Int = 200, retryAfter: String? = nil
    ) -> WebhookAnswer {
        WebhookAnswer(platform, status: status, retryAfter: retryAfter, body: Array(body.utf8))
    }

    @Test(arguments: [
        (WebhookPlatform.generic, ""), (.slack, "ok"), (.slack, "ok\n"), (.dingtalk, #"{"errcode":0,"errmsg":"ok"}"#),
        (.wecom, #"{"errcode":0,"errmsg":"ok"}"#), (.feishu, #"{"code":0,"msg":"success","data":{}}"#),
        (.feishu, #"{"StatusCode":0,"StatusMessage":"success"}"#),
    ])
    func `each platform has its own yes`(platform: WebhookPlatform, body: String) {
        #expect(answer(platform, body) == .delivered)
    }

    @Test(arguments: [
        (WebhookPlatform.dingtalk, #"{"errcode":310000,"errmsg":"x"}"#, "310000"),
        (.dingtalk, #"{"errcode":130101}"#, "130101"), (.feishu, #"{"code":19021}"#, "19021"),
        (.feishu, #"{"code":11232}"#, "11232"), (.wecom, #"{"errcode":45009}"#, "45009"),
        (.wecom, #"{"errcode":93000}"#, "93000"),
    ])
    func `an error code in an answer with status 200 is a failure, tried again`(
        platform: WebhookPlatform, body: String, code: String
    ) {
        guard case .failed(let reason, _) = answer(platform, body) else {
            Issue.record("\(body) passes for a delivery")
            return
        }
        #expect(reason.contains(code))
    }

    @Test func `a body that is refused for its form is not sent again`() {
        for refusal in [
            answer(.feishu, #"{"code":9499}"#), answer(.wecom, #"{"errcode":40058}"#),
            answer(.slack, "invalid_payload", status: 400),
            answer(.generic, status: 413), answer(.generic, status: 422),
        ] {
            guard case .refused = refusal else {
                Issue.record("\(refusal) would be sent again")
                continue
            }
        }
    }

    @Test(arguments: [WebhookPlatform.slack, .dingtalk, .feishu, .wecom])
    func `an answer in no known form is a failure`(platform: WebhookPlatform) {
        for body in ["", "<html>", "{}", "[]", #"{"errcode":"0","code":"0"}"#, "invalid_token"] {
            guard case .failed = answer(platform, body) else {
                Issue.record("\(body) passes for a delivery")
                continue
            }
        }
    }

    @Test func `nothing that the receiver wrote is in the reason`() {
        #expect(answer(.dingtalk, #"{"errcode":300005,"errmsg":"token sk-1"}"#).reason == "error code 300005")
        #expect(answer(.slack, "sk-1", status: 403).reason == "HTTP status 403")
    }

    @Test func `Retry-After is kept, an hour at most`() {
        #expect(answer(.slack, status: 429, retryAfter: "30") == .failed("HTTP status 429", retryAfter: .seconds(30)))
        #expect(
            answer(.slack, status: 429, retryAfter: "999999") == .failed("HTTP status 429", retryAfter: .seconds(3600)))
        #expect(answer(.slack, status: 503, retryAfter: "-5") == .failed("HTTP status 503", retryAfter: .zero))
        #expect(answer(.slack, status: 503, retryAfter: "Wed, 21 Oct 2026 07:28:00 GMT") == .failed("HTTP status 503"))
    }
}
