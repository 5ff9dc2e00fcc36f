import ArgumentParser

/// `submitter batch`: files of requests.
struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Runs files of requests on capacity that nobody else uses.",
        discussion: """
            A batch is kept in PostgreSQL, where processes of `submitter serve` run it; these commands need DATABASE_URL \
            alone. Results stay there until a week after the deadline. docs/batches.md has all forms and promises.

            Example: submitter batch run in.jsonl -o out.jsonl
            """,
        subcommands: [
            RunBatch.self, SubmitBatch.self, AttachBatch.self, ShowBatch.self, ListBatches.self, CancelBatch.self,
            FetchResults.self,
        ])
}
