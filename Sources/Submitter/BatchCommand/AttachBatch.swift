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
        if errors == output { throw ValidationError("expected different files for results and failed lines") }
    }

    func run() async throws {
        try await BatchSession.run(ProgressReporter.voice(json: json, quiet: quiet)) { session in
            let stops = Interrupts()
            let attachment = Attachment(
                batch: id, output: output, errors: errors ?? RunBatch.errorPath(output), isFresh: fresh,
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
    let output: String
    let errors: String
    let isFresh: Bool
    let followed: FollowedBatch

    func run() async throws -> BatchOutcome {
        guard let batch = try await followed.store.find(batch) else { throw BatchTrouble.unknown(batch) }
        let journal = try ResultJournal(output + ".journal", forgetting: isFresh)
        defer { journal.removeIfEmpty() }
        if isFresh {
            try journal.clear()
            for path in [output, errors] { try DiskFile.remove(path) }
        }
        if let header = journal.state.header {
            guard header.batch == batch.id, header.errors == errors else {
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
        for path in [output, errors] where DiskFile.size(of: path) != nil {
            throw BatchTrouble.refused("\(path): it exists, and no journal says what it is; --fresh replaces it")
        }
        let header = JournalHeader(
            batch: batch.id, lines: batch.counts.total, operation: batch.operation, errors: errors)
        try journal.append(.header(header), isSynced: true)
    }
}

extension BatchTrouble {
    static func unknown(_ id: String) -> BatchTrouble { BatchTrouble("there is no batch \(id)") }
}
