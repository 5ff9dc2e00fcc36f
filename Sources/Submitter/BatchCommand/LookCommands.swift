import ArgumentParser
import Shared

/// `submitter batch status`: one batch.
struct ShowBatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows one batch: its counts, cost, wishes and times.",
        discussion: """
            Example: submitter batch status batch_0123456789abcdef

            Exit codes: 0 shown, 1 there is none, or PostgreSQL is away, 3 wrong settings.
            """)

    @Argument(help: "The id of the batch.")
    var id: String

    @Flag(help: "Print JSON, with times in milliseconds since 1970.")
    var json = false

    func run() async throws {
        try await BatchSession.run { session in
            guard let batch = try await session.store.find(id) else { throw BatchTrouble.unknown(id) }
            if json { return AdminOutput.row(batch.view, asJSON: true) }
            var view = batch.view.objectValue ?? JSONObject()
            if !batch.mistakes.isEmpty { view.set("errors", .int(batch.mistakes.count)) }
            AdminOutput.row(.object(view), asJSON: false)
            for mistake in batch.mistakes { AdminOutput.say(TerminalText.plain(mistake)) }
        }
    }
}

/// `submitter batch list`: all of them.
struct ListBatches: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists batches, newest first, also those made by HTTP.",
        discussion: "Example: submitter batch list --limit 5")

    @Option(help: "Only this tenant's.")
    var tenant: String?

    @Option(help: "Rows at most.")
    var limit = 20

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit: expected 1 to 1000") }
    }

    func run() async throws {
        try await BatchSession.run { session in
            let batches = try await session.store.list(tenant: tenant, limit: limit)
            AdminOutput.list(
                batches.map { json ? $0.view : $0.row },
                ["id", "status", "done", "failed", "cost", "created_at", "tenant"], asJSON: json)
        }
    }
}

/// `submitter batch cancel`: ends one early.
struct CancelBatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends a batch early; lines that were not sent fail as batch_cancelled.",
        discussion: """
            Does not wait: 'batch status' says when it is cancelled. Results that are there stay.

            Example: submitter batch cancel batch_0123456789abcdef

            Exit codes: 0 it is being cancelled, 1 it had ended, or there is none, 3 wrong settings.
            """)

    @Argument(help: "The id of the batch.")
    var id: String

    func run() async throws {
        try await BatchSession.run { session in
            guard let batch = try await session.store.cancel(id) else { throw BatchTrouble.unknown(id) }
            guard batch.status == .cancelling || batch.status == .cancelled else {
                throw BatchTrouble("\(id) is \(batch.status.rawValue): there is nothing to cancel")
            }
            AdminOutput.say("\(id): \(batch.status.rawValue)")
        }
    }
}
