import ArgumentParser
import Shared

/// `submitter alerts`: the alerts for people, silences, and tests of channels.
struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "Shows alerts, keeps some of them from being told, and tests the channels they are told on.",
        discussion: """
            Without a subcommand it lists. docs/alerts.md has each alert and what to do about it.

            Examples:
              submitter alerts --all --limit 10
              submitter alerts silence --kind queue_age --for 2h --reason "load test"
              submitter alerts test
            """,
        subcommands: [
            ListAlerts.self, SilenceAlerts.self, UnsilenceAlerts.self, ListSilences.self, TestAlertChannels.self,
        ],
        defaultSubcommand: ListAlerts.self)
}

struct ListAlerts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists alerts, newest first; only open ones unless --all is given.",
        discussion: "Example: submitter alerts list --all --limit 10")

    @Flag(help: "Show those that are over, too.")
    var all = false

    @Option(help: "Only of this kind.")
    var kind: AlertKind?

    @Option(help: "Rows at most.")
    var limit = 50

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { try RecordLimit.check(limit) }

    func run() async throws {
        try await AdminSession.run { session in
            let rows = try await AlertStore(session.pool)
                .list(onlyOpen: !all, kind: kind?.rawValue, limit: limit).map(\.view)
            let times = ["raised_at", "last_at", "cleared_at", "notified_at"]
            let shown = json ? rows : rows.map { RecordLimit.readable($0, times: times) }
            let columns = ["raised_at", "severity", "kind", "subject", "count", "cleared_at", "silenced", "message"]
            AdminOutput.list(shown, columns, asJSON: json)
        }
    }
}

struct SilenceAlerts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence", abstract: "Keeps alerts from being told for a time; they are listed as ever.",
        discussion: """
            In kind and subject a * stands for any text. An alert that is still open in the end is told then.

            Example: submitter alerts silence --kind circuit_open --subject 'openai-2/*' --for 12h
            """)

    @Option(help: "The kind, or a pattern.")
    var kind: String?

    @Option(help: "The subject, as the list shows it, or a pattern.")
    var subject: String?

    @Option(name: .customLong("for"), help: "How long, as in 30m, 12h or 7d.", transform: TimePoint.parse)
    var length: TimePoint?

    @Option(help: "Until when, in UTC, as in 2026-12-24T18:00.", transform: TimePoint.parse)
    var until: TimePoint?

    @Option(help: "Why, for others to read.")
    var reason: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard kind != nil || subject != nil else { throw ValidationError("give --kind, --subject or both") }
        guard (length == nil) != (until == nil) else { throw ValidationError("give --for or --until") }
    }

    func run() async throws {
        let draft = try draft(now: SystemWallClock().now)
        try await AdminSession.run { session in
            let silence = try await AlertSilences(session.pool).add(draft, actor: session.actor)
            AdminOutput.row(silence.view, asJSON: json)
        }
    }

    func draft(now: Int64) throws -> AlertSilence.Draft {
        do throws(AlertSilence.Mistake) {
            return try AlertSilence.Draft(
                kind: kind, subject: subject, until: end(now: now), reason: reason, now: now)
        } catch { throw ValidationError("--\(error)") }
    }

    private func end(now: Int64) -> Int64 {
        if case .ago(let milliseconds) = length { return now.addingClamped(milliseconds) }
        return (length ?? until)?.milliseconds(now: now) ?? now
    }
}

struct UnsilenceAlerts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unsilence", abstract: "Ends a silence.",
        discussion: """
            Example: submitter alerts unsilence 3

            Exit codes: 0 done, 1 there is no such silence.
            """)

    @Argument(help: "The id, as 'alerts silences' shows it.")
    var id: Int64

    func run() async throws {
        try await AdminSession.run { session in
            guard try await AlertSilences(session.pool).end(id) else {
                StandardStreams.error("there is no silence \(id)\n")
                throw Exit.failed
            }
        }
    }
}

struct ListSilences: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silences", abstract: "Lists silences, the next to end first.",
        discussion: "Example: submitter alerts silences")

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            let rows = try await AlertSilences(session.pool).list(limit: 1000).map(\.view)
            let shown = json ? rows : rows.map { RecordLimit.readable($0, times: ["created_at", "until"]) }
            AdminOutput.list(shown, ["id", "until", "kind", "subject", "actor", "reason"], asJSON: json)
        }
    }
}
