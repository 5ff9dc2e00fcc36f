import TestSupport
import Testing

@testable import Shared

@Suite struct AlertDigestTests {
    private func notice(
        _ subject: String = "normal", _ message: String = "requests wait", state: AlertNotice.State = .firing,
        kind: AlertKind = .queueAge
    ) -> AlertNotice {
        var alert = Alert(
            id: 7, kind: kind.rawValue, subject: subject, severity: kind.severity.rawValue, message: message,
            details: ["value": 40], count: 1, raisedAt: 1_764_374_400_000, lastAt: 1_764_374_400_000, clearedAt: nil)
        if state == .resolved { alert.clearedAt = 1_764_374_460_000 }
        return AlertNotice(messageID: "msg_1", state: state, alert: alert)
    }

    private func digest(_ notices: AlertNotice..., link: String? = nil) -> AlertDigest {
        AlertDigest(notices, source: "test", link: link)
    }

    private func text(_ json: JSON?) -> String { json?.stringValue ?? "" }

    @Test func `the generic form has everything a program needs`() throws {
        let generic = try #require(digest(notice(state: .resolved), link: "https://ai/alerts").generic)

        #expect(
            generic == [
                "id": 7, "version": 1, "alert": "queue_age", "state": "resolved", "severity": "warning",
                "labels": ["subject": "normal", "source": "test"],
                "annotations": ["message": "requests wait", "details": ["value": 40]], "value": 40,
                "starts_at": "2025-11-29T00:00:00.000Z", "ends_at": "2025-11-29T00:01:00.000Z",
                "url": "https://ai/alerts",
            ])
    }

    @Test func `one alert has its title, its sentence and its times`() {
        let digest = digest(notice(state: .resolved))

        #expect(digest.title == "[RESOLVED] queue_age: normal")
        #expect(
            digest.lines == [
                AlertLine(nil, "requests wait"), AlertLine("severity", "warning"),
                AlertLine("since", "2025-11-29T00:00:00Z"), AlertLine("until", "2025-11-29T00:01:00Z"),
                AlertLine("source", "test"),
            ])
    }

    @Test func `several alerts have a line each`() {
        let digest = digest(notice(), notice("batch"), notice(state: .resolved, kind: .noWorker))

        #expect(digest.title == "[2 FIRING, 1 RESOLVED] test")
        #expect(digest.lines.map(\.label) == ["FIRING", "FIRING", "RESOLVED"])
        #expect(digest.lines[2].text == "no_worker: requests wait (critical, 2025-11-29T00:01:00Z)")
    }

    /// Names that people chose, and what each platform would make of them.
    private let hostile = "<!channel> & [x](http://evil) *b* `c` # ![i](u) <@all> a\u{202E}b\nnew line"

    @Test func `Slack gets blocks, and no mention or link of others' making`() throws {
        let slack = digest(notice(hostile, hostile), link: "https://ai").slack
        let blocks = try #require(slack["blocks"]?.arrayValue)

        #expect(blocks.first?["type"] == "header" && blocks.last?["type"] == "actions")
        #expect(blocks[1]["text"]?["type"] == "mrkdwn")
        let section = text(blocks[1]["text"]?["text"])
        #expect(section.hasPrefix("&lt;!channel&gt; &amp; [x]"))
        for part in [text(slack["text"]), section] {
            #expect(!part.contains("<") && !part.contains(">") && !part.contains("\n"))
        }
    }

    @Test func `DingTalk gets Markdown in which names are no markup`() {
        let dingTalk = digest(notice(hostile, hostile), link: "https://ai").dingTalk
        let markdown = text(dingTalk["markdown"]?["text"])

        #expect(dingTalk["msgtype"] == "markdown" && dingTalk["at"] == ["isAtAll": false])
        #expect(markdown.hasPrefix("### ［FIRING］ queue_age: ＜！channel＞"))
        #expect(markdown.contains("［x］(http://evil)") && markdown.hasSuffix("\n\n[Open](https://ai)"))
        #expect(!markdown.contains("<") && !markdown.contains("[x]") && !markdown.contains("`"))
    }

    @Test func `Feishu gets a card of plain texts, whose colour tells the state`() {
        let firing = digest(notice(hostile, kind: .noWorker)).feishu
        let over = digest(notice(state: .resolved)).feishu

        #expect(firing["msg_type"] == "interactive" && firing["card"]?["header"]?["template"] == "red")
        #expect(over["card"]?["header"]?["template"] == "green")
        #expect(digest(notice()).feishu["card"]?["header"]?["template"] == "orange")
        #expect(firing["card"]?["elements"]?[0]?["text"]?["tag"] == "plain_text")
        let title = text(firing["card"]?["header"]?["title"]?["content"])
        #expect(!title.contains("\u{202E}"))
    }

    @Test func `WeCom gets Markdown with a colour`() {
        let content = text(digest(notice(hostile, hostile)).weCom["markdown"]?["content"])

        #expect(content.hasPrefix("<font color=\"warning\">**［FIRING］"))
        #expect(!content.contains("<@all>") && content.contains("\n>**severity** warning"))
        let over = text(digest(notice(state: .resolved)).weCom["markdown"]?["content"])
        #expect(over.contains("\"info\""))
    }

    @Test(arguments: [1, 7]) func `whatever the names, a message of WeCom fits`(count: Int) {
        let long = String(repeating: "*", count: 513)
        let notices = (0..<count).map { _ in notice(long, String(repeating: "<", count: 1000)) }
        let weCom = AlertDigest(notices, source: String(repeating: "*", count: 64), link: "https://ai").weCom

        #expect(text(weCom["markdown"]?["content"]).utf8.count <= 4096)
    }

    @Test func `Slack's limits hold for as many alerts as one message has`() throws {
        let long = String(repeating: "&", count: 1000)
        let notices = (0..<WebhookPlatform.slack.mostTogether).map { _ in notice(long, long) }
        let blocks = try #require(AlertDigest(notices, source: "t", link: "https://ai").slack["blocks"]?.arrayValue)

        #expect(blocks.count <= 50)
        #expect(blocks.allSatisfy { text($0["text"]?["text"]).count <= 3000 })
        #expect(text(blocks[0]["text"]?["text"]).count <= 150)
    }

    @Test func `a text that is too long is cut between two lines, which says how many are missing`() {
        let lines = (0..<10).map { "line \($0)" }

        #expect(AlertMarkup.joined(lines, mostBytes: 100) == lines.joined(separator: "\n"))
        #expect(
            AlertMarkup.joined(lines, mostBytes: 60) == "line 0\nline 1\nline 2\nline 3\nline 4\n… and 5 more lines")
        #expect(AlertMarkup.joined(lines, mostBytes: 60).utf8.count <= 60)
    }

    // MARK: - Requests

    private func request(
        _ platform: WebhookPlatform, _ url: String, _ secrets: String...
    ) throws -> WebhookRequest {
        let channel = WebhookChannel(
            name: "c", platform: platform, url: Secret(url), secrets: secrets.map { Secret($0) })
        return try #require(WebhookRequest(channel, digest(notice()), at: 1_764_374_400_000))
    }

    @Test func `DingTalk's signature stands in the query`() throws {
        let secret = "SEC0123456789abcdef0123456789abcdef"
        let url = try request(.dingtalk, "https://h/robot/send?access_token=T", secret).url.reveal()

        #expect(
            url == "https://h/robot/send?access_token=T&timestamp=1764374400000"
                + "&sign=lfLUqfkz4sHyLZOwpu88%2F2yJUKmfuy5Sb0qXKmBPhrU%3D")
        #expect(try request(.dingtalk, "https://h/send").url.reveal() == "https://h/send")
    }

    @Test func `Feishu's signature stands in the body`() throws {
        let body = try JSON(parsing: try request(.feishu, "https://h/T", "feishu-secret-0123456789").body)

        #expect(body["timestamp"] == "1764374400")
        #expect(body["sign"] == "fw/1IJrSL6yU+ll4xxblytad5qm/RvmpEXz0IHlAPlE=")
        #expect(try JSON(parsing: try request(.feishu, "https://h/T").body)["sign"] == nil)
    }

    @Test func `the generic form is signed in headers, if there is a secret`() throws {
        let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
        let signed = try request(.generic, "https://h/", secret)
        let headers = Dictionary(signed.headers) { first, _ in first }

        #expect(headers["webhook-id"] == "msg_1" && headers["webhook-timestamp"] == "1764374400")
        #expect(
            headers["webhook-signature"]
                == WebhookSignature.standard([secret], id: "msg_1", at: 1_764_374_400, signed.body))
        #expect(try !request(.generic, "https://h/").headers.contains { $0.0 == "webhook-signature" })
    }
}
