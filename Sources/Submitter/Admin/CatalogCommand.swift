import ArgumentParser
import Shared

/// What the commands over models and accounts differ in.
protocol CatalogNoun: Sendable {
    static var kind: CatalogKind { get }
    static var columns: [String] { get }
    static var example: String { get }
}

enum ModelNoun: CatalogNoun {
    static let kind = CatalogKind.model
    static let columns = [
        "id", "provider", "model_id", "is_active", "priority", "weight", "input_price", "output_price", "currency",
    ]
    static let example =
        "submitter models add --set id=gpt-4o --set provider=openai --set input_price=2.5 --set 'aliases=[4o]'"
}

enum AccountNoun: CatalogNoun {
    static let kind = CatalogKind.account
    static let columns = [
        "id", "provider", "status", "has_key", "weight", "rpm", "tpm", "concurrency", "quota_limit", "status_reason",
    ]
    static let example =
        "submitter accounts add --set id=main --set provider=openai --set rpm=500 --api-key-env OPENAI_KEY"
}

extension CatalogNoun {
    static var name: String { kind.rawValue }
    static var plural: String { name + "s" }

    static func configuration(_ command: String, _ abstract: String, _ discussion: String = "") -> CommandConfiguration
    {
        CommandConfiguration(commandName: command, abstract: abstract, discussion: discussion)
    }
}

/// `submitter models`, and what `submitter accounts` has in common with it.
struct CatalogCommand<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Noun.plural, abstract: "Looks after the \(Noun.plural) of the catalogue.",
            discussion: """
                Works on PostgreSQL (DATABASE_URL) directly; running workers and shims have a change within a second. Every change \
                is in 'submitter audit'.

                Exit codes: 0 done, 1 failed or no such \(Noun.name), 3 wrong settings, 64 wrong fields, each named.
                """,
            subcommands: all)
    }

    static var all: [any ParsableCommand.Type] {
        [
            ListEntries<Noun>.self, ShowEntry<Noun>.self, AddEntry<Noun>.self, EditEntry<Noun>.self,
            EnableEntry<Noun>.self, DisableEntry<Noun>.self, DeleteEntry<Noun>.self,
        ]
    }
}

struct ListEntries<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { Noun.configuration("list", "Lists all \(Noun.plural).") }

    @Option(help: "Only those of this platform.")
    var provider: Provider?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            var entries = try await session.admin().list(Noun.kind)
            if let provider { entries = entries.filter { $0["provider"]?.stringValue == provider.rawValue } }
            AdminOutput.list(entries, Noun.columns, asJSON: json)
        }
    }
}

struct ShowEntry<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { Noun.configuration("show", "Shows one \(Noun.name).") }

    @Argument(help: "The id.")
    var id: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            AdminOutput.entry(try await session.admin().get(Noun.kind, id), asJSON: json)
        }
    }
}

struct AddEntry<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "add", "Adds \(Noun.kind.withArticle).", "Example: \(Noun.example)")
    }

    @OptionGroup var input: EntryInput
    @OptionGroup var key: KeyInput

    @Option(help: "Why, for the audit log.")
    var reason: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            let fields = try input.json(Noun.kind, key)
            let made = try await session.admin().create(Noun.kind, fields, by: session.author(reason))
            AdminOutput.entry(made, asJSON: json)
        }
    }
}

struct EditEntry<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "edit", "Changes fields of one \(Noun.name).",
            """
            Fields that are not given stay, and so does the key. null takes a field back to its default. What takes the \
            \(Noun.name) out of use needs a --reason.
            """)
    }

    @Argument(help: "The id.")
    var id: String

    @OptionGroup var input: EntryInput
    @OptionGroup var key: KeyInput

    @Option(help: "Why, for the audit log.")
    var reason: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            let fields = try input.json(Noun.kind, key)
            guard fields.objectValue?.isEmpty == false else { throw ValidationError("expected --set or --file") }
            let changed = try await session.admin().patch(Noun.kind, id, fields, by: session.author(reason))
            AdminOutput.entry(changed, asJSON: json)
        }
    }
}

struct EnableEntry<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration { Noun.configuration("enable", "Puts one \(Noun.name) to use.") }

    @Argument(help: "The id.")
    var id: String

    @Option(help: "Why, for the audit log.")
    var reason: String?

    func run() async throws {
        try await AdminSession.run { session in
            try await session.admin().setActive(Noun.kind, id, true, by: session.author(reason))
            AdminOutput.say("Enabled \(Noun.name) \(id).")
        }
    }
}

struct DisableEntry<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration("disable", "Takes one \(Noun.name) out of use.", "Requests that run already go on.")
    }

    @Argument(help: "The id.")
    var id: String

    @Option(help: "Why: shown with it, and in the audit log.")
    var reason: String

    func validate() throws {
        if reason.trimmed.isEmpty { throw ValidationError("--reason: expected a text") }
    }

    func run() async throws {
        try await AdminSession.run { session in
            try await session.admin().setActive(Noun.kind, id, false, by: session.author(reason))
            AdminOutput.say("Disabled \(Noun.name) \(id).")
        }
    }
}

struct DeleteEntry<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration("delete", "Deletes one \(Noun.name).", "Its usage stays in the books. There is no way back.")
    }

    @Argument(help: "The id.")
    var id: String

    @Option(help: "Why, for the audit log.")
    var reason: String?

    func run() async throws {
        try await AdminSession.run { session in
            try await session.admin().delete(Noun.kind, id, by: session.author(reason))
            AdminOutput.say("Deleted \(Noun.name) \(id).")
        }
    }
}

extension EntryInput {
    fileprivate func json(_ kind: CatalogKind, _ key: KeyInput) throws -> JSON {
        var fields = try json(kind)
        if let key = try key.key() {
            guard kind == .account else { throw ValidationError("a model has no key") }
            fields.set("api_key", .string(key.reveal()))
        }
        return .object(fields)
    }
}
