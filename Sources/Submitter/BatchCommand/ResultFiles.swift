import Shared

/// The output file, the error file and their journal, which are written together.
///
/// Results go through buffers. `record` brings both files to the disk and only then tells the journal, so that the
/// journal never promises what is not there.
final class ResultFiles {
    /// Chosen: what is written twice at most after a kill, beside a second's results.
    private static let mostUnrecorded = 100

    private let journal: ResultJournal
    private let output: DiskFile
    private var errors: DiskFile?
    private let errorPath: String
    private(set) var position: JournalPosition
    private var unrecorded = 0
    private var firstUnrecorded = ContinuousClock.now

    /// Goes on where the journal's last record ends.
    ///
    /// Begins anew where a file is shorter than that, or the order is another one.
    init(output path: String, _ journal: ResultJournal, isOrdered: Bool) throws(BatchTrouble) {
        guard let header = journal.state.header else { throw BatchTrouble("\(journal.path): it has no beginning") }
        self.journal = journal
        errorPath = OutputPaths.errors(inJournal: header.errors, beside: path)
        position = journal.state.position
        if position.isOrdered != isOrdered || journal.shortFile(output: path) != nil {
            position = JournalPosition(isOrdered: isOrdered, round: position.round)
            // First the journal: until it says so the files are as long as it says.
            try journal.append(.position(position), isSynced: true)
        }
        output = try DiskFile(path, bytes: position.outputBytes)
        if position.errorBytes > 0 { errors = try DiskFile(errorPath, bytes: position.errorBytes) }
        if position.errorBytes == 0 { try DiskFile.remove(errorPath) }
    }

    /// Begins from the batch's first result, as those of a new round must be.
    func restart(round: Int) throws(BatchTrouble) {
        position = JournalPosition(isOrdered: position.isOrdered, round: round)
        // The journal comes first here, too.
        try journal.append(.position(position), isSynced: true)
        try output.cut(to: 0)
        errors = nil
        try DiskFile.remove(errorPath)
        unrecorded = 0
    }

    func append(_ result: BatchResult) throws(BatchTrouble) {
        let bytes = result.body.utf8.count + 1
        if result.isOK {
            try output.append(result.body)
            position.outputBytes += bytes
            position.outputLines += 1
        } else {
            try openErrors().append(result.body)
            position.errorBytes += bytes
            position.errorLines += 1
        }
        position.place = position.isOrdered ? result.line : result.seq
        if unrecorded == 0 { firstUnrecorded = .now }
        unrecorded += 1
    }

    private func openErrors() throws(BatchTrouble) -> DiskFile {
        if let errors { return errors }
        let made = try DiskFile(errorPath, bytes: 0)
        errors = made
        return made
    }

    /// Records when there is enough to record.
    func recordIfDue() throws(BatchTrouble) {
        guard unrecorded >= Self.mostUnrecorded || (unrecorded > 0 && .now - firstUnrecorded >= .seconds(1)) else {
            return
        }
        try record()
    }

    func record() throws(BatchTrouble) {
        try output.sync()
        try errors?.sync()
        guard unrecorded > 0 else { return }
        try journal.append(.position(position))
        unrecorded = 0
    }

    /// Everything is written.
    func end(_ end: JournalEnd) throws(BatchTrouble) {
        try record()
        try journal.append(.end(end), isSynced: true)
    }

    /// Failed lines are about to be asked for again.
    func retrying(round: Int) throws(BatchTrouble) { try journal.append(.retry(round: round), isSynced: true) }

    var lines: Int { position.outputLines + position.errorLines }
}

extension ResultJournal {
    /// A result file that has fewer bytes than were written, or none where there were some.
    func shortFile(output: String) -> String? {
        guard let header = state.header else { return nil }
        let errors = OutputPaths.errors(inJournal: header.errors, beside: output)
        return [(output, state.position.outputBytes), (errors, state.position.errorBytes)]
            .first { DiskFile.size(of: $0) ?? 0 < $1 }?.0
    }
}
