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
    let plan: RunPlan
    let store: BatchStore
    let catalog: CatalogStore
    let reporter: ProgressReporter
    let stops: Interrupts

    var patience: Patience { Patience { reporter.notice($0) } }

    func run() async throws -> BatchOutcome {
        let journal = try ResultJournal(plan.paths.journal, forgetting: plan.isFresh)
        let input = RunInput(plan.input, copy: plan.paths.spool)
        do {
            return try await run(journal, input)
        } catch {
            // Nothing is left of a command that was refused.
            try input.abandon(all: journal.isEmpty)
            journal.removeIfEmpty()
            throw error
        }
    }

    private func run(_ journal: ResultJournal, _ input: RunInput) async throws -> BatchOutcome {
        try refuseFiles(journal)
        try input.read(known: plan.isFresh ? nil : journal.state.header?.sha256)
        let (header, batch) = try await begun(journal, input)
        if batch == nil, let end = journal.state.end { return try old(end, journal) }
        let started = try await started(header, batch, input, journal)
        return try await FollowedBatch(
            output: plan.paths.output, isOrdered: plan.isOrdered, drains: true,
            retryDeadline: plan.retriesErrors ? plan.deadline : nil, store: store,
            reporter: reporter, stops: stops
        ).run(started, journal)
    }

    // MARK: - 1 and 2

    /// Files that are not known to be of this run stay as they are.
    private func refuseFiles(_ journal: ResultJournal) throws(BatchTrouble) {
        if plan.isFresh {
            guard let header = journal.state.header else { return }
            let (old, input) = (FileIdentity(errors(of: header)), FileIdentity(plan.input))
            guard old != input else {
                throw .refused("\(plan.input): it is the file for failed lines that --fresh would remove")
            }
        } else if journal.isEmpty {
            try OutputPaths.refuse(plan.paths.results, OutputPaths.unknown)
            // A process that was killed before its journal had a line may have left a copy.
            if journal.isMade { try OutputPaths.refuse(plan.paths.spools, OutputPaths.unknown) }
        }
    }

    private func errors(of header: JournalHeader) -> String {
        OutputPaths.errors(inJournal: header.errors, beside: plan.paths.output)
    }

    /// Removes the files of an earlier run, and cancels its batch, once the new input is found good.
    private func forget(_ journal: ResultJournal) async throws {
        let header = journal.state.header
        if let header, header.file != nil, try await store.cancel(header.batch)?.status == .cancelling {
            reporter.notice("\(header.batch): cancelled")
        }
        try journal.clear()
        try OutputPaths.remove(plan.paths.results + [header].compactMap(\.self).map(errors(of:)))
    }

    // MARK: - 3

    /// The journal's header, and the batch where there is one.
    private func begun(_ journal: ResultJournal, _ input: RunInput) async throws -> (JournalHeader, Batch?) {
        guard let header = journal.state.header, !plan.isFresh else { return (try await begin(journal, input), nil) }
        try plan.check(header)
        if let path = input.path, try CheckedInput.sha256(of: path) != header.sha256 {
            throw BatchTrouble.changed(input.name)
        }
        try input.keep()
        return (header, try await store.find(header.batch))
    }

    private func begin(_ journal: ResultJournal, _ input: RunInput) async throws -> JournalHeader {
        guard let path = input.path else { throw BatchTrouble.refused("\(input.name): expected at least one line") }
        let checked = try CheckedInput(path, plan.form, plan.options, try await catalog.load())
        tellChecked(checked)
        if plan.isFresh { try await forget(journal) }
        try input.keep()
        let header = JournalHeader(
            batch: BatchID.batch(), file: BatchID.file(), sha256: checked.sha256, lines: checked.lines,
            operation: checked.operation, errors: plan.paths.errorsInJournal, model: plan.model,
            provider: plan.options.provider?.rawValue, currencies: checked.currencies)
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
        _ header: JournalHeader, _ batch: Batch?, _ input: RunInput, _ journal: ResultJournal
    ) async throws -> Batch {
        // From here on an interrupt drains, since the batch may run.
        if let batch {
            stops.batch = batch.id
            try input.removeCopies()
            return try await resumed(batch)
        }
        guard let file = header.file, journal.state.position == JournalPosition() else {
            throw BatchTrouble("\(header.batch): PostgreSQL does not have it any more; --fresh begins anew")
        }
        let made = NewBatch(
            id: header.batch, file: file, filename: plan.input, lines: header.lines, operation: header.operation,
            tenant: plan.tenant, options: plan.options, metadata: plan.metadata, deadline: plan.deadline)
        if try await store.file(file) == nil {
            guard let path = input.path, let sha256 = header.sha256 else {
                throw BatchTrouble.refused("\(input.name): expected what it was before")
            }
            try await BatchUpload(store: store, patience: patience, form: plan.form)
                .upload(path, as: made.uploaded(now: SystemWallClock().now), sha256: sha256)
        }
        stops.batch = header.batch
        let row = made.batch(now: SystemWallClock().now)
        let created = try await patience.persist { () async throws(PostgresError) in try await store.create(row) }
        try input.removeCopies()
        tellStarted(created)
        return created
    }

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
    private func old(_ end: JournalEnd, _ journal: ResultJournal) throws -> BatchOutcome {
        if let short = journal.shortFile(output: plan.paths.output) {
            throw BatchTrouble.refused(
                "\(short): it is shorter than it was, and PostgreSQL does not have its batch any more")
        }
        reporter.notice("\(plan.paths.output) is complete")
        reporter.finish(end, nil, [])
        return .ended(end)
    }
}
