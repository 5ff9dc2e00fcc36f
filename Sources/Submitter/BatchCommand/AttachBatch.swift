import ArgumentParser
import Shared

struct AttachBatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Follows a batch that runs, and writes its results into files.",
        discussion: """
            Keeps OUT.journal as 'batch run' does, and goes on where either of them was stopped. A paused batch goes on. \
            Ctrl-C leaves, and the batch goes on.

            \(BatchOutcome.codes)

            Example: submitter batch attach batch_0123456789abcdef -o out.jsonl
            """)

    @Argument(help: "The id of the batch.")
    var id: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The file for results.", valueName: "out"))
    var output: String

    @Option(help: ArgumentHelp("The file for failed lines; made only if there are any.", valueName: "file"))
    var errors: String?

    @Flag(help: "Write results in the order of the input.")
    var ordered = false

    @Flag(help: "Replace files that are there.")
    var fresh = false

    @Flag(help: "Print events as lines of JSON.")
    var json = false

    @Flag(help: "Print nothing but failures.")
    var quiet = false

    func validate() throws {
        if output == "-" { throw ValidationError("-o: expected a file; 'batch results' prints") }
        if let clash = OutputPaths(output, errors: errors).clash() { throw ValidationError(clash) }
    }

    func run() async throws {
        try await BatchSession.run(ProgressReporter.voice(json: json, quiet: quiet)) { session in
            let stops = Interrupts()
            let attachment = Attachment(
                batch: id, paths: OutputPaths(output, errors: errors), isFresh: fresh,
                followed: FollowedBatch(
                    output: output, isOrdered: ordered, drains: false, retryDeadline: nil, store: session.store,
                    reporter: session.reporter, stops: stops))
            let farewell = BatchSession.Farewell(stopped: "left; the batch goes on") { _ in "" }
            try await session.finish(stops, farewell) { try await attachment.run() }
        }
    }
}

/// Begins to follow a batch that this process has not made.
struct Attachment: Sendable {
    let batch: String
    let paths: OutputPaths
    let isFresh: Bool
    let followed: FollowedBatch

    func run() async throws -> BatchOutcome {
        guard let batch = try await followed.store.find(batch) else { throw BatchTrouble.unknown(batch) }
        let journal = try ResultJournal(paths.journal, forgetting: isFresh)
        defer { journal.removeIfEmpty() }
        if isFresh {
            try journal.clear()
            try OutputPaths.remove(paths.results)
        }
        if let header = journal.state.header {
            guard header.batch == batch.id, header.errors == paths.errorsInJournal else {
                throw BatchTrouble.refused(
                    "\(journal.path): it is of \(header.batch), with failed lines in \(header.errors)")
            }
        } else {
            try begin(journal, batch)
        }
        let running =
            batch.isPaused && !batch.status.isEnded ? try await followed.store.pause(batch.id, false) ?? batch : batch
        return try await followed.run(running, journal)
    }

    private func begin(_ journal: ResultJournal, _ batch: Batch) throws {
        try OutputPaths.refuse(paths.results, OutputPaths.unknown)
        let header = JournalHeader(
            batch: batch.id, lines: batch.counts.total, operation: batch.operation,
            errors: paths.errorsInJournal)
        try journal.append(.header(header), isSynced: true)
    }
}

extension BatchTrouble {
    static func unknown(_ id: String) -> BatchTrouble { BatchTrouble("there is no batch \(id)") }
}
