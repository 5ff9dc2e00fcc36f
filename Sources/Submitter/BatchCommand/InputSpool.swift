import Shared

#if canImport(Glibc)
    import Glibc
#endif

/// Copies standard input or a pipe into a file, since a file of requests is read twice.
enum InputSpool {
    /// True for what can be read only once.
    static func isNeeded(for input: String) -> Bool { input == "-" || DiskFile.isStream(input) }

    /// Returns the hash of what came, and how many bytes.
    ///
    /// A file that is at `path` is begun anew.
    static func fill(_ path: String, from input: String) throws -> (sha256: String, bytes: Int) {
        let source = try InputBytes(input)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BatchTrouble.file(path, "be written") }
        defer { close(descriptor) }
        while let piece = try source.next() { try DiskFile.write(piece, descriptor, path) }
        return (source.sha256, source.count)
    }

    /// Moves a spooled file to its place.
    static func keep(_ path: String, as place: String) throws(BatchTrouble) {
        guard unsafe rename(path, place) == 0 else { throw .file(place, "be written") }
    }

    /// A path in the folder for temporary files that nobody else has.
    static func temporary() -> String {
        let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        return "\(folder)/submitter-\(BatchID.file())"
    }
}
