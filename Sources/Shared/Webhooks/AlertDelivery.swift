package import Logging
package import NIOCore

/// Writes alerts down for channels' platforms, and sends them.
package struct AlertDelivery: Sendable {
    package let settings: WebhookSettings
    private let client: WebhookClient
    private let clock: any WallClock

    package init(
        _ settings: WebhookSettings, group: any EventLoopGroup, clock: any WallClock = SystemWallClock(), logger: Logger
    ) {
        (self.settings, self.clock) = (settings, clock)
        client = WebhookClient(settings, group: group, logger: logger)
    }

    /// Sends one message of these alerts.
    package typealias Send = (_ notices: [AlertNotice], _ channel: WebhookChannel) async -> WebhookAnswer

    /// Keeps connections for as long as `body` takes.
    package func withConnections<Value>(_ body: (Send) async -> Value) async -> Value {
        await client.withSession { session in
            await body { notices, channel in
                let digest = AlertDigest(notices, source: settings.source, link: settings.link)
                guard let request = WebhookRequest(channel, digest, at: clock.now) else { return .delivered }
                return await session.send(request, to: channel.platform)
            }
        }
    }
}
