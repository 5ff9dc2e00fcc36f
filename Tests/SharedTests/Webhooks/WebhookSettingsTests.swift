import Testing

@testable import Shared

@Suite struct WebhookSettingsTests {
    private func read(_ environment: [String: String]) -> (settings: WebhookSettings, mistakes: [SettingMistake]) {
        var settings = Settings(environment: environment)
        let webhooks = WebhookSettings(&settings)
        return (webhooks, settings.mistakes)
    }

    @Test func `channels are separated by blanks, commas and line ends, and named`() {
        let (settings, mistakes) = read([
            "ALERT_WEBHOOKS": """
            ops=slack+https://hooks.slack.com/services/T/B/X, dingtalk+https://oapi.dingtalk.com/robot/send?access_token=T
            pager=generic+http://alerts.internal:8080/in
            """,
            "ALERT_WEBHOOK_SECRETS": "dingtalk=SEC1 pager=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        ])

        #expect(mistakes == [])
        #expect(settings.channels.map(\.name) == ["ops", "dingtalk", "pager"])
        #expect(settings.channels.map(\.platform) == [.slack, .dingtalk, .generic])
        #expect(settings.channels[1].url.reveal() == "https://oapi.dingtalk.com/robot/send?access_token=T")
        #expect(settings.channels.map { $0.secrets.count } == [0, 1, 1])
    }

    @Test(arguments: [
        "https://hooks.slack.com/services/T", "teams+https://host/", "slack+ftp://host/", "slack+https://",
        "slack+https://user:secret@host/", "slack+https://host/#part", "slack+https:///path", "a=b=slack+https://host/",
        "two words=slack+https://host/", "=slack+https://host/", "slack+https://:80/", "slack+https://höst/",
    ])
    func `a wrong entry is refused by its place, without its text`(entry: String) {
        let mistakes = read(["ALERT_WEBHOOKS": "generic+https://first/ \(entry)"]).mistakes

        #expect(!mistakes.isEmpty && mistakes.allSatisfy { $0.name.hasPrefix("ALERT_WEBHOOKS entry ") })
        #expect(!mistakes.contains { "\($0)".contains(entry) || "\($0)".contains("secret@") })
    }

    @Test func `two channels of one name are refused`() {
        let mistakes = read(["ALERT_WEBHOOKS": "slack+https://a/ slack+https://b/"]).mistakes

        #expect(mistakes.map(\.name) == ["ALERT_WEBHOOKS entry 2"])
        #expect(read(["ALERT_WEBHOOKS": "slack+https://a/ other=slack+https://b/"]).mistakes == [])
    }

    @Test(arguments: [
        "nobody=x", "slack=x", "generic=plain-text", "dingtalk=one dingtalk=two", "dingtalk",
    ])
    func `a secret that no channel can use is refused by its place, without its text`(secrets: String) {
        let mistakes = read([
            "ALERT_WEBHOOKS": "generic+https://a/ slack+https://b/ dingtalk+https://c/",
            "ALERT_WEBHOOK_SECRETS": secrets,
        ]).mistakes

        #expect(mistakes.count == 1 && mistakes[0].name.hasPrefix("ALERT_WEBHOOK_SECRETS entry "))
        #expect(!mistakes[0].expected.contains("plain-text"))
    }

    @Test func `pauses double up to ten minutes`() {
        let settings = WebhookSettings()
        let pauses = [0, 1, 2, 6, 7, 500].map { settings.pause(afterFailures: $0, random: 1) }

        #expect(pauses == [5, 10, 20, 320, 600, 600].map { .seconds($0) })
    }

    @Test func `a proxy has a host and a port`() {
        #expect(WebhookSettings.proxy("http://proxy:3128").map { "\($0.host) \($0.port)" } == "proxy 3128")
        for url in ["proxy:3128", "https://proxy:3128", "http://proxy", "http://proxy:0", "http://proxy:x"] {
            #expect(WebhookSettings.proxy(url) == nil)
        }
    }
}
