import ArgumentParser
import Shared

/// `submitter dead`: requests and ledger rows that the queue gave up on.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "Shows, retries and drops dead letters: requests and ledger rows that the queue gave up on.",
        discussion: """
            A request becomes one when workers died over it MAX_DELIVERIES times, or when nobody can read it; a ledger row, \
            when PostgreSQL refuses its values. Prompts are shown only by 'show --body'. Needs Redis alone.

            Examples:
              submitter dead list
              submitter dead retry --why poison

            Exit codes: 0 done, 1 not there, or it can only be dropped, 3 wrong settings, 64 wrong arguments.
            """,
        subcommands: [ListDead.self, ShowDead.self, RetryDead.self, DropDead.self])
}

struct ListDead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists dead letters, newest first.",
        discussion: "Example: submitter dead list --why poison --limit 10")

    @Option(help: "Only those with this reason, as the list shows it.")
    var why: String?

    @Option(help: "Rows at most.")
    var limit = 50

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit: expected 1 to 1000") }
    }

    func run() async throws {
        try await DeadLetterSession.run { shards in
            let rows = try await shards.list(.init(why: why), limit: limit).map(\.view)
            let shown = json ? rows : rows.map(Self.readable)
            AdminOutput.list(
                shown, ["id", "died_at", "lane", "request_id", "tenant", "bytes", "retryable", "why"], asJSON: json)
        }
    }

    private static func readable(_ row: JSON) -> JSON {
        guard var shown = row.objectValue else { return row }
        shown.set("died_at", .string(AdminTable.time(row["died_at"])))
        return .object(shown)
    }
}

struct ShowDead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows the fields of a dead letter and their sizes.",
        discussion: "Example: submitter dead show 0:1795402823000-0")

    @Argument(help: "The id, as the list shows it.")
    var id: String

    @Flag(help: "Show the request's body, too: it holds the prompt.")
    var body = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let id = try DeadLetterSession.id(id)
        try await DeadLetterSession.run { shards in
            guard let (shard, letter) = try await shards.find(id) else { throw DeadLetterSession.missing(id) }
            guard body, var detail = letter.detail.objectValue else {
                return AdminOutput.row(letter.detail, asJSON: json)
            }
            detail.set("body", DeadLetterBody(try await shard.body(of: letter)).json)
            AdminOutput.row(.object(detail), asJSON: json)
        }
    }
}
