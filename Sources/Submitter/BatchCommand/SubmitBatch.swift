import ArgumentParser
import Shared

struct SubmitBatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Starts a batch, prints its id, and does not wait for it.",
        discussion: """
            The lines are checked and uploaded as by 'batch run'. Asked twice, it starts two batches. Ctrl-C cancels what \
            was started.

            Exit codes: 0 started, 1 failed, 3 wrong input or settings, 64 wrong arguments, 130 interrupted.

            Example: id=$(submitter batch submit in.jsonl) && submitter batch attach "$id" -o out.jsonl
            """)

    @Argument(help: ArgumentHelp("The file of requests; - is standard input.", valueName: "in"))
    var input: String

    @OptionGroup var wishes: BatchWishes

    @Flag(help: "Print the batch as JSON.")
    var json = false

    func run() async throws {
        try await BatchSession.run { session in
            let stops = Interrupts()
            let (input, wishes, pairs) = (input, wishes, try wishes.pairs())
            let order = SubmissionOrder(
                model: wishes.model, options: wishes.options, tenant: wishes.tenant, metadata: pairs,
                deadline: wishes.deadline.milliseconds, session: session)
            guard let batch = try await stops.run({ try await order.submit(input) }) else {
                StandardStreams.error("interrupted: \(await order.withdraw())\n")
                throw Exit.interrupted
            }
            if json { AdminOutput.row(batch.view, asJSON: true) } else { AdminOutput.say(batch.id) }
            // An id that nobody reads is a batch that nobody knows of.
            guard StandardStreams.output.isOpen else { throw BatchTrouble("\(batch.id) was started") }
        }
    }
}

/// A batch to be started and left alone.
struct SubmissionOrder: Sendable {
    let batch = BatchID.batch()
    let model: String?
    let options: BatchOptions
    let tenant: String
    let metadata: JSON
    let deadline: Int64
    let session: BatchSession

    func submit(_ input: String) async throws -> Batch {
        guard InputSpool.isNeeded(for: input) else { return try await submit(input, name: input) }
        let spool = InputSpool.temporary()
        let result: Result<Batch, any Error>
        do {
            _ = try InputSpool.fill(spool, from: input)
            result = .success(try await submit(spool, name: input))
        } catch { result = .failure(error) }
        try DiskFile.remove(spool)
        return try result.get()
    }

    /// Cancels the batch where it was started all the same, and says how it stands.
    func withdraw() async -> String {
        let found = await session.soon { () async throws(PostgresError) in try await session.store.cancel(batch) }
        return switch found {
        case nil: "PostgreSQL is away, so it may have started: submitter batch cancel \(batch)"
        case .some(nil): "no batch was started"
        case .some(.some): "\(batch) is cancelled"
        }
    }

    private func submit(_ path: String, name: String) async throws -> Batch {
        let form = LineForm(model: model)
        let checked = try CheckedInput(path, form, options, try await session.catalog.load())
        let made = NewBatch(
            id: batch, file: BatchID.file(), filename: name, lines: checked.lines,
            operation: checked.operation, tenant: tenant, options: options, metadata: metadata, deadline: deadline)
        let patience = Patience { StandardStreams.error("\($0)\n") }
        try await BatchUpload(store: session.store, patience: patience, form: form)
            .upload(path, as: made.uploaded(now: SystemWallClock().now), sha256: checked.sha256)
        let row = made.batch(now: SystemWallClock().now)
        return try await patience.persist { () async throws(PostgresError) in try await session.store.create(row) }
    }
}
