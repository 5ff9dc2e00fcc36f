import ArgumentParser
import Shared

/// `submitter audit`: the changes by people.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Shows who changed models, accounts and budgets, newest first.",
        discussion: """
            With --json each row also has the entry before and after the change, without keys.

            Example: submitter audit --kind account --limit 10
            """)

    @Option(help: "Only this model's, account's or budget's, by id.")
    var subject: String?

    @Option(help: "Only of this kind.")
    var kind: AuditKind?

    @Option(help: "Rows at most.")
    var limit = 50

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { try RecordLimit.check(limit) }

    func run() async throws {
        try await AdminSession.run { session in
            let rows = try await AuditLog(session.pool).list(kind: kind, subject: subject, limit: limit)
            let shown = json ? rows : rows.map { RecordLimit.readable($0, times: ["at"]) }
            AdminOutput.list(shown, ["at", "actor", "action", "kind", "subject", "reason"], asJSON: json)
        }
    }
}

/// The rules of both listings.
enum RecordLimit {
    static func check(_ limit: Int) throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit: expected 1 to 1000") }
    }

    static func readable(_ row: JSON, times: [String]) -> JSON {
        guard var shown = row.objectValue else { return row }
        for name in times { shown.set(name, .string(AdminTable.time(row[name]))) }
        return .object(shown)
    }
}
