/// The channels to which messages about alerts are sent, and how.
package struct WebhookSettings: Sendable {
    package var channels: [WebhookChannel] = []
    /// The name of this installation in messages.
    package var source = "ai-model-service"
    /// The address that messages link to, or `nil` for none.
    package var link: String?
    package var timeout = Duration.seconds(5)
    package var retryPause = Duration.seconds(5)
    package var retryFor = Duration.seconds(6 * 3600)
    /// `http://host:port`.
    package var proxy: String?
    /// A PEM file, `nil` for the system's list.
    package var caFile: String?

    package init() {}

    package init(_ settings: inout Settings) {
        let entries = settings.secret(
            "ALERT_WEBHOOKS",
            "Channels that alerts are sent to, as in `ops=slack+https://…`, separated by blanks, commas or line ends (docs/alerts.md); platforms: generic, slack, dingtalk, feishu, wecom."
        )
        let secrets = settings.secret(
            "ALERT_WEBHOOK_SECRETS",
            "Secrets that messages are signed with, as in `ops=…`, each with its channel's name; generic ones begin with `whsec_`."
        )
        source = settings.text(
            "ALERT_SOURCE", default: source, expected: "1 to 64 characters without controls",
            "Name of this installation in messages.", accepts: Self.isLine)
        let link = settings.text(
            "ALERT_LINK", default: "", expected: "a URL with http or https",
            "Address that messages link to, such as the dashboard's; empty: none.", accepts: WebhookChannel.isURL)
        self.link = link.isEmpty ? nil : link
        timeout = settings.seconds(
            "ALERT_WEBHOOK_TIMEOUT", default: 5, in: 0.1...60, "How long one delivery of a message may take.")
        retryPause = settings.seconds(
            "ALERT_RETRY_PAUSE", default: 5, in: 0.1...600,
            "Pause of a channel after a delivery that failed; doubles up to ten minutes, unless the receiver says how long."
        )
        retryFor = settings.seconds(
            "ALERT_RETRY_FOR", default: 6 * 3600, in: 1...604_800,
            "How long the delivery of a message is tried; later it would be no news.")
        let proxy = settings.text(
            "ALERT_WEBHOOK_PROXY", default: "", expected: "as in http://proxy:3128",
            "Proxy for messages to channels, as in `http://proxy:3128`.", accepts: { Self.proxy($0) != nil })
        self.proxy = proxy.isEmpty ? nil : proxy
        caFile = settings.path(
            "ALERT_WEBHOOK_CA_FILE", "Authorities that receivers' certificates must come from, PEM; none: the system's."
        )
        if let caFile, WebhookClient.authorities(caFile) == nil {
            settings.mistake("ALERT_WEBHOOK_CA_FILE", expected: "the path of a PEM file with certificates")
        }
        read(entries, secrets, &settings)
    }

    /// Host and port.
    static func proxy(_ url: String) -> (host: String, port: Int)? {
        guard url.hasPrefix("http://"), WebhookChannel.isURL(url) else { return nil }
        let parts = url.dropFirst("http://".count).prefix { $0 != "/" }.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) else { return nil }
        return (String(parts[0]), port)
    }

    private static func isLine(_ text: String) -> Bool {
        (1...64).contains(text.count) && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}

// MARK: - Channels

extension WebhookSettings {
    private static let mostChannels = 20
    private static let entry =
        "[name=]platform+https://host/… with one of the platforms "
        + WebhookPlatform.allCases.map(\.rawValue).joined(separator: ", ")

    private mutating func read(_ entries: Secret?, _ secrets: Secret?, _ settings: inout Settings) {
        for (number, text) in Self.words(entries).enumerated() {
            let place = "ALERT_WEBHOOKS entry \(number + 1)"
            guard let channel = WebhookChannel(entry: text) else {
                settings.mistake(place, expected: Self.entry)
                continue
            }
            guard !channels.contains(where: { $0.name == channel.name }), channels.count < Self.mostChannels else {
                settings.mistake(
                    place,
                    expected: "a name in front, as in ops=\(channel.platform.rawValue)+https://…, that no "
                        + "other entry has, and \(Self.mostChannels) entries at most")
                continue
            }
            channels.append(channel)
        }
        for (number, text) in Self.words(secrets).enumerated() { add(secret: text, number + 1, &settings) }
    }

    private mutating func add(secret text: String, _ number: Int, _ settings: inout Settings) {
        let place = "ALERT_WEBHOOK_SECRETS entry \(number)"
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let index = channels.firstIndex(where: { $0.name == parts[0] }) else {
            return settings.mistake(place, expected: "name=secret with the name of a channel of ALERT_WEBHOOKS")
        }
        let platform = channels[index].platform
        guard channels[index].secrets.count < platform.mostSecrets else {
            return settings.mistake(
                place, expected: "\(platform.mostSecrets) secrets for a channel of \(platform.rawValue) at most")
        }
        guard platform != .generic || WebhookSignature.key(parts[1]) != nil else {
            return settings.mistake(place, expected: "whsec_ and 24 to 64 bytes in base64")
        }
        channels[index].secrets.append(Secret(parts[1]))
    }

    private static func words(_ secret: Secret?) -> [String] {
        (secret?.reveal() ?? "").split { $0.isWhitespace || $0 == "," }.map(String.init)
    }
}
