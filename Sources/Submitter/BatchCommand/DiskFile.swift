import Shared

#if canImport(Glibc)
    import Glibc
#endif

/// A file that is appended to through a buffer.
final class DiskFile {
    /// Chosen: a page of results in a few writes.
    private static let mostBuffered = 128 << 10

    let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isChanged = false

    /// Opens or makes the file, and cuts off what is behind `bytes`.
    init(_ path: String, bytes: Int) throws(BatchTrouble) {
        self.path = path
        descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .file(path, "be opened") }
        try cut(to: bytes)
    }

    deinit { close(descriptor) }

    /// Adds a line.
    func append(_ line: String) throws(BatchTrouble) {
        buffer.append(contentsOf: line.utf8)
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.mostBuffered { try flush() }
    }

    /// Brings everything to the disk.
    func sync() throws(BatchTrouble) {
        try flush()
        guard isChanged else { return }
        if fsync(descriptor) != 0 { throw .file(path, "be written") }
        isChanged = false
    }

    func cut(to bytes: Int) throws(BatchTrouble) {
        buffer.removeAll(keepingCapacity: true)
        isChanged = true
        guard ftruncate(descriptor, bytes) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
            throw .file(path, "be written")
        }
    }

    private func flush() throws(BatchTrouble) {
        guard !buffer.isEmpty else { return }
        isChanged = true
        try Self.write(buffer, descriptor, path)
        buffer.removeAll(keepingCapacity: true)
    }

    // MARK: - Files in general

    static func write(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws(BatchTrouble) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(path, "be written") }
            done += count
        }
    }

    /// Bytes of a file, or `nil` where there is none.
    static func size(of path: String) -> Int? {
        var info = stat()
        return unsafe stat(path, &info) == 0 ? Int(info.st_size) : nil
    }

    /// True for a pipe, a terminal or another file that has no size.
    static func isStream(_ path: String) -> Bool {
        var info = stat()
        return unsafe stat(path, &info) == 0 && info.st_mode & S_IFMT != S_IFREG
    }

    /// True where the path still leads to the open file.
    static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (named, opened) = (stat(), stat())
        guard unsafe stat(path, &named) == 0, unsafe fstat(descriptor, &opened) == 0 else { return false }
        return named.st_ino == opened.st_ino && named.st_dev == opened.st_dev
    }

    static func remove(_ path: String) throws(BatchTrouble) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .file(path, "be removed") }
    }
}
