import Shared

#if canImport(Glibc)
    import Glibc
#endif

/// Reads a file or standard input piece by piece, and counts and hashes what it reads.
final class InputBytes {
    private static let piece = 64 << 10
    private let path: String
    private let descriptor: Int32
    private let isOwned: Bool
    private var hash = RunningSHA256()
    private(set) var count = 0

    /// `-` is standard input.
    init(_ path: String) throws(BatchTrouble) {
        isOwned = path != "-"
        self.path = isOwned ? path : "standard input"
        // Without O_NONBLOCK nobody could interrupt the opening of a named pipe that has no writer.
        descriptor = isOwned ? unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : STDIN_FILENO
        guard descriptor >= 0 else { throw .file(path, "be read", code: 3) }
    }

    deinit { if isOwned { close(descriptor) } }

    /// Of all bytes that were read.
    var sha256: String { hash.hex }

    /// Throws `CancellationError` where the task is cancelled, also while nothing comes.
    func next() throws -> [UInt8]? {
        while true {
            try waitForBytes()
            var fault: Int32 = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
                let got = unsafe read(descriptor, buffer.baseAddress, Self.piece)
                fault = got < 0 ? errno : 0
                count = max(0, got)
            }
            if fault == EINTR || fault == EAGAIN { continue }
            if fault != 0 { throw BatchTrouble.file(path, "be read", fault, code: 3) }
            guard !bytes.isEmpty else { return nil }
            hash.update(bytes)
            count += bytes.count
            return bytes
        }
    }

    /// A pipe may be silent for ever, and a read of it cannot be cancelled.
    private func waitForBytes() throws {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var ready: Int32
        repeat {
            try Task.checkCancellation()
            ready = unsafe poll(&state, 1, 200)
        } while ready == 0 || (ready < 0 && errno == EINTR)
    }

    /// The bytes of its lines: unpacked where the file is gzip, which its first two bytes tell.
    func unpacked() throws -> () throws -> [UInt8]? {
        var first = try next() ?? []
        while first.count < 2, let more = try next() { first += more }
        var waiting: [UInt8]? = first
        let raw: () throws -> [UInt8]? = {
            defer { waiting = nil }
            return try waiting ?? self.next()
        }
        guard GzipReader.isGzip(first) else { return raw }
        let gzip = try GzipReader(raw)
        return { [path] in
            do { return try gzip.next() } catch is GzipReader.Damaged {
                throw BatchTrouble.refused("\(path): expected whole gzip data")
            }
        }
    }
}
