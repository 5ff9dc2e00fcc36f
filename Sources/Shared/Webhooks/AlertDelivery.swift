package import NIOCore

/// Writes alerts down for a channel's platform, and sends them.
package struct AlertDelivery: Sendable {
    package let settings: WebhookSettings
    package let client: WebhookClient
    private let clock: any WallClock

    package init(_ settings: WebhookSettings, group: any EventLoopGroup, clock: any WallClock = SystemWallClock()) {
        (self.settings, self.clock) = (settings, clock)
        client = WebhookClient(settings, group: group)
    }

    package func send(_ notices: [AlertNotice], to channel: WebhookChannel) async -> WebhookAnswer {
        let digest = AlertDigest(notices, source: settings.source, link: settings.link)
        guard let request = WebhookRequest(channel, digest, at: clock.now) else { return .delivered }
        return await client.send(request, to: channel.platform)
    }
}
