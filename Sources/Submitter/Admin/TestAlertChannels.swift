import ArgumentParser
import NIOPosix
import Shared

/// `submitter alerts test`: one message to each channel.
struct TestAlertChannels: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Sends a test message to each channel of ALERT_WEBHOOKS, and says what became of it.",
        discussion: """
            Needs neither Redis nor PostgreSQL. What the receiver wrote is not shown, since it may hold a token.

            Example: submitter alerts test --channel ops

            Exit codes: 0 all were delivered, 1 one was not, or there are no channels, 3 wrong settings.
            """)

    @Option(help: "Only this channel, by name.")
    var channel: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let startup = try Startup()
        let webhooks = startup.shared.webhooks
        let chosen = webhooks.channels.filter { channel == nil || $0.name == channel }
        guard !chosen.isEmpty else {
            StandardStreams.error(
                channel == nil ? "there are no channels: ALERT_WEBHOOKS is empty\n" : "there is no such channel\n")
            throw Exit.failed
        }
        let delivery = AlertDelivery(
            webhooks, group: MultiThreadedEventLoopGroup.singleton, logger: startup.logger("submitter"))
        let answers = await chosen.concurrentMap(atMost: 8) { channel in
            await delivery.withConnections { send in await send([Self.notice(to: channel)], channel) }
        }
        let rows = zip(chosen, answers).map(Self.row)
        AdminOutput.list(rows, ["channel", "platform", "delivered", "reason"], asJSON: json)
        guard answers.allSatisfy({ $0 == .delivered }) else { throw Exit.failed }
    }

    private static func notice(to channel: WebhookChannel) -> AlertNotice {
        let now = SystemWallClock().now
        let alert = Alert(
            id: Alert.unstored, kind: "test", subject: channel.name, severity: AlertSeverity.warning.rawValue,
            message: "this is a test of the channel \(channel.name): nothing has happened", details: [:], count: 1,
            raisedAt: now, lastAt: now, clearedAt: nil)
        let id = Array("\(ProcessName.make()) \(channel.name)".utf8).sha256Hex.prefix(32)
        return AlertNotice(messageID: "msg_\(id)", state: .firing, alert: alert)
    }

    private static func row(_ channel: WebhookChannel, _ answer: WebhookAnswer) -> JSON {
        [
            "channel": .string(channel.name), "platform": .string(channel.platform.rawValue),
            "delivered": .bool(answer == .delivered), "reason": answer.reason.map { .string($0) } ?? .null,
        ]
    }
}
