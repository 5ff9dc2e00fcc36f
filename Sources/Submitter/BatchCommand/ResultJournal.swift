import Shared

#if canImport(Glibc)
    import Glibc
#endif

/// The journal beside an output: a file of one process at a time.
///
/// The lock goes with the process, so a killed one leaves none behind.
final class ResultJournal {
    let path: String
    private let descriptor: Int32
    private(set) var state = JournalState()
    /// The file was not there before.
    let isMade: Bool

    /// Opens the journal, or begins an empty one.
    ///
    /// `forgetting`: what a damaged one says does not matter.
    init(_ path: String, forgetting: Bool = false) throws(BatchTrouble) {
        self.path = path
        (descriptor, isMade) = try Self.locked(path)
        let content = try Self.content(of: descriptor, path)
        do throws(JournalState.Damaged) { state = try JournalState(parsing: content) } catch {
            guard forgetting else {
                throw .refused("\(path): line \(error.line) cannot be read; --fresh begins anew")
            }
            // It stays as it is until it is cleared.
            return
        }
        try cut(to: state.wholeBytes)
    }

    deinit { close(descriptor) }

    /// True until a header is written.
    var isEmpty: Bool { state.header == nil }

    /// Appends, and brings it to the disk where what comes next relies on it.
    func append(_ entry: JournalEntry, isSynced: Bool = false) throws(BatchTrouble) {
        try DiskFile.write(entry.encoded, descriptor, path)
        if isSynced, fsync(descriptor) != 0 { throw .file(path, "be written") }
        state.apply(entry)
    }

    /// Empties it, the lock staying.
    func clear() throws(BatchTrouble) {
        try cut(to: 0)
        state = JournalState()
    }

    /// Removes an empty one that this process made, so that nothing is left of a command that was refused.
    func removeIfEmpty() {
        if isEmpty, isMade { _ = unsafe unlink(path) }
    }

    private func cut(to bytes: Int) throws(BatchTrouble) {
        guard ftruncate(descriptor, bytes) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
            throw .file(path, "be written")
        }
    }

    private static func locked(_ path: String) throws(BatchTrouble) -> (descriptor: Int32, isMade: Bool) {
        while true {
            var descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            let isMade = descriptor >= 0
            if !isMade { descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
            guard descriptor >= 0 else { throw .file(path, "be opened") }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                close(descriptor)
                throw BatchTrouble("\(path): another submitter runs this batch")
            }
            if DiskFile.isAt(path, descriptor) { return (descriptor, isMade) }
            // The process before has removed it while this one opened it.
            close(descriptor)
        }
    }

    private static func content(of descriptor: Int32, _ path: String) throws(BatchTrouble) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(path, "be read") }
            if count == 0 { return all }
            all += chunk[..<count]
        }
    }
}
