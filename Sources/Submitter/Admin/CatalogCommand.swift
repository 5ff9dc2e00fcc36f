import ArgumentParser
import Shared

/// `submitter models`, and the part of `submitter accounts` that is the same.
struct CatalogCommand<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Noun.plural, abstract: "Looks after the \(Noun.plural) of the catalogue.",
            discussion: """
                Works on PostgreSQL (DATABASE_URL) directly; running workers and shims have a change within a second. Every change \
                is in 'submitter audit'.

                Examples:
                  submitter \(Noun.plural) list
                  \(Noun.example)

                Exit codes: 0 done, 1 failed or no such \(Noun.name), 3 wrong settings, 64 wrong fields, each named.
                """,
            subcommands: all)
    }

    static var all: [any ParsableCommand.Type] {
        [
            ListRows<Noun>.self, ShowRow<Noun>.self, AddRow<Noun>.self, EditRow<Noun>.self,
            EnableRow<Noun>.self, DisableRow<Noun>.self, DeleteRow<Noun>.self,
        ]
    }
}

struct ListRows<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "list", "Lists all \(Noun.plural).", "Example: submitter \(Noun.plural) list --provider openai")
    }

    @Option(help: "Only those of this platform.")
    var provider: Provider?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            var rows = try await session.admin().list(Noun.kind)
            if let provider { rows = rows.filter { $0["provider"]?.stringValue == provider.rawValue } }
            AdminOutput.list(rows, Noun.columns, asJSON: json)
        }
    }
}

struct ShowRow<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "show", "Shows one \(Noun.name).", "Example: submitter \(Noun.plural) show sandbox --json")
    }

    @Argument(help: "The id.")
    var id: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            AdminOutput.row(try await session.admin().get(Noun.kind, id), asJSON: json)
        }
    }
}
