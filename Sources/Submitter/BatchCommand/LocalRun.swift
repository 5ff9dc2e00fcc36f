import Shared

/// `submitter batch run`: from a file of requests to the files of their results.
///
/// Any step may be the last of a process, and the same command goes on from there:
///
///     1 lock      the journal belongs to this process
///     2 compare   the input is the one that the journal names, else it is checked as a whole
///     3 begin     the journal names the batch, before anything of it exists
///     4 upload    the input goes to PostgreSQL, under the id that the journal names, unless it is there
///     5 create    so does the batch, which runs from now on without this process
///     6 follow    results come into the files (`ResultFollower`)
///     7 end       all results are written, and their number is right
struct LocalRun: Sendable {
    struct Plan: Sendable {
        var input: String
        var output: String
        var errors: String
        var model: String?
        var options: BatchOptions
        var tenant: String
        var metadata: JSON
        /// Milliseconds from the batch's creation.
        var deadline: Int64
        var isOrdered = false
        var isFresh = false
        var retriesErrors = false

        var journal: String { output + ".journal" }
        /// Standard input, for as long as it is not uploaded.
        var spool: String { output + ".input" }
        /// The files that hold standard input, which are ours to remove.
        var spools: [String] { input == "-" ? [spool, spool + ".part"] : [] }
        var form: LineForm { LineForm(model: model) }
    }

    let plan: Plan
    let store: BatchStore
    let catalog: CatalogStore
    let reporter: ProgressReporter
    let stops: Interrupts

    var patience: Patience { Patience { reporter.notice($0) } }

    func run() async throws -> BatchOutcome {
        let journal = try ResultJournal(plan.journal, forgetting: plan.isFresh)
        defer { journal.removeIfEmpty(with: plan.spools) }
        if plan.isFresh { try await forget(journal) }
        if journal.isEmpty { try refuseOutputs() }
        let input = try input(journal)
        let (header, batch) = try await begun(journal, input)
        if batch == nil, let end = journal.state.end { return old(end) }
        let started = try await started(header, batch, input, journal)
        return try await FollowedBatch(
            output: plan.output, isOrdered: plan.isOrdered, drains: true,
            retryDeadline: plan.retriesErrors ? plan.deadline : nil, store: store,
            reporter: reporter, stops: stops
        ).run(started, journal)
    }

    // MARK: - 1 and 2

    /// Removes the files of an earlier run, and cancels its batch.
    private func forget(_ journal: ResultJournal) async throws {
        let header = journal.state.header
        if let header, header.file != nil, try await store.cancel(header.batch)?.status == .cancelling {
            reporter.notice("\(header.batch): cancelled")
        }
        try journal.clear()
        for path in [plan.output, plan.errors, header?.errors ?? plan.errors] + plan.spools {
            try DiskFile.remove(path)
        }
    }

    private func refuseOutputs() throws(BatchTrouble) {
        for path in [plan.output, plan.errors] where DiskFile.size(of: path) != nil {
            throw .refused("\(path): it exists, and no journal says what it is; --fresh replaces it")
        }
    }

    /// The file to read, or `nil` where nothing came in and the batch is known already.
    private func input(_ journal: ResultJournal) throws -> String? {
        guard plan.input == "-" else { return plan.input }
        let part = plan.spool + ".part"
        let (sha256, bytes) = try InputSpool.fill(part)
        if let known = journal.state.header?.sha256, bytes == 0 || known != sha256 {
            try DiskFile.remove(part)
            guard bytes == 0 else { throw Self.changed("standard input") }
            return DiskFile.size(of: plan.spool) == nil ? nil : plan.spool
        }
        try InputSpool.keep(part, as: plan.spool)
        return plan.spool
    }

    private static func changed(_ input: String) -> BatchTrouble {
        .refused("\(input): it is not what this batch was made of; --fresh begins a new batch")
    }

    // MARK: - 3

    /// The journal's header, and the batch where there is one.
    private func begun(_ journal: ResultJournal, _ input: String?) async throws -> (JournalHeader, Batch?) {
        guard let header = journal.state.header else {
            guard let input else { throw BatchTrouble.refused("standard input: expected at least one line") }
            return (try await begin(journal, input), nil)
        }
        guard let sha256 = header.sha256 else {
            throw BatchTrouble.refused("\(plan.journal): it is of `attach \(header.batch)`; --fresh begins anew")
        }
        guard header.errors == plan.errors else {
            throw BatchTrouble.refused("--errors: expected \(header.errors), as before; --fresh begins anew")
        }
        if let input, try CheckedInput.sha256(of: input) != sha256 { throw Self.changed(input) }
        return (header, try await store.find(header.batch))
    }

    private func begin(_ journal: ResultJournal, _ input: String) async throws -> JournalHeader {
        let checked = try CheckedInput(input, plan.form, provider: plan.options.provider, try await catalog.load())
        tellChecked(checked)
        let header = JournalHeader(
            batch: BatchID.batch(), file: BatchID.file(), sha256: checked.sha256, lines: checked.lines,
            operation: checked.operation, errors: plan.errors)
        try journal.append(.header(header), isSynced: true)
        return header
    }

    private func tellChecked(_ checked: CheckedInput) {
        reporter.event(
            "validated",
            ["lines": .int(checked.lines), "bytes": .int(checked.bytes), "sha256": .string(checked.sha256)],
            "\(ProgressWords.grouped(checked.lines)) lines are good")
    }

    // MARK: - 4 and 5

    private func started(
        _ header: JournalHeader, _ batch: Batch?, _ input: String?, _ journal: ResultJournal
    ) async throws -> Batch {
        if let batch {
            try removeSpools()
            return try await resumed(batch)
        }
        guard let file = header.file, journal.state.position == JournalPosition() else {
            throw BatchTrouble("\(header.batch): PostgreSQL does not have it any more; --fresh begins anew")
        }
        let made = NewBatch(
            id: header.batch, file: file, filename: plan.input, lines: header.lines, operation: header.operation,
            tenant: plan.tenant, options: plan.options, metadata: plan.metadata, deadline: plan.deadline)
        if try await store.file(file) == nil {
            guard let input, let sha256 = header.sha256 else {
                throw BatchTrouble.refused("standard input: expected what it was before")
            }
            try await BatchUpload(store: store, patience: patience, form: plan.form)
                .upload(input, as: made.uploaded(now: SystemWallClock().now), sha256: sha256)
        }
        let row = made.batch(now: SystemWallClock().now)
        let created = try await patience.persist { () async throws(PostgresError) in try await store.create(row) }
        try removeSpools()
        tellStarted(created)
        return created
    }

    private func removeSpools() throws(BatchTrouble) { for path in plan.spools { try DiskFile.remove(path) } }

    /// The wishes may be others than before, and an interrupt may have paused it.
    private func resumed(_ batch: Batch) async throws -> Batch {
        var batch = batch
        if batch.status.isEnded, !plan.retriesErrors { return batch }
        if batch.options != plan.options { batch = try await store.set(plan.options, of: batch.id) ?? batch }
        if batch.isPaused { batch = try await store.pause(batch.id, false) ?? batch }
        tellStarted(batch)
        return batch
    }

    private func tellStarted(_ batch: Batch) {
        reporter.event(
            "started",
            ["batch": .string(batch.id), "total": .int(batch.counts.total), "done": .int(batch.counts.done)],
            "\(batch.id): \(ProgressWords.grouped(batch.counts.done)) of \(ProgressWords.grouped(batch.counts.total)) done"
        )
    }

    /// PostgreSQL has forgotten the batch, but its files are whole.
    private func old(_ end: JournalEnd) -> BatchOutcome {
        reporter.notice("\(plan.output) is complete")
        reporter.finish(end, nil, [])
        return .ended(end)
    }
}
