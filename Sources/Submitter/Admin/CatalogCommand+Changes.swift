import ArgumentParser
import Shared

struct AddRow<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "add", "Adds \(Noun.kind.withArticle).", "Example: \(Noun.example)")
    }

    @OptionGroup var input: RowInput
    @OptionGroup var key: KeyInput

    @Option(help: "Why, for the audit log.")
    var reason: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            let fields = try input.json(Noun.kind, key)
            let made = try await session.admin().create(Noun.kind, fields, by: session.author(reason))
            AdminOutput.row(made, asJSON: json)
        }
    }
}

struct EditRow<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "edit", "Changes fields of one \(Noun.name).",
            """
            Fields that are not given stay, and so does the key. null takes a field back to its default. What takes the \
            \(Noun.name) out of use needs a --reason.

            Example: submitter \(Noun.plural) edit ID --set weight=2
            """)
    }

    @Argument(help: "The id.")
    var id: String

    @OptionGroup var input: RowInput
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
            AdminOutput.row(changed, asJSON: json)
        }
    }
}

struct EnableRow<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "enable", "Puts one \(Noun.name) to use.", "Example: submitter \(Noun.plural) enable ID")
    }

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

struct DisableRow<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "disable", "Takes one \(Noun.name) out of use.",
            """
            Requests that run already go on.

            Example: submitter \(Noun.plural) disable ID --reason "contract ends"
            """)
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

struct DeleteRow<Noun: CatalogNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        Noun.configuration(
            "delete", "Deletes one \(Noun.name).",
            """
            Its usage stays in the books. There is no way back.

            Example: submitter \(Noun.plural) delete ID
            """)
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

extension RowInput {
    fileprivate func json(_ kind: CatalogKind, _ key: KeyInput) throws -> JSON {
        var fields = try json(kind)
        if let key = try key.key() {
            guard kind == .account else { throw ValidationError("a model has no key") }
            fields.set("api_key", .string(key.reveal()))
        }
        return .object(fields)
    }
}
