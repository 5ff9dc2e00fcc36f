#if canImport(Glibc)
    import Glibc
#endif

/// A file, however its path is spelled.
enum FileIdentity: Hashable {
    case file(device: UInt64, number: UInt64)
    /// The absolute path of what is not there yet.
    case place(String)

    init(_ path: String) {
        var info = stat()
        let isThere = unsafe stat(path, &info) == 0
        self =
            isThere
            ? .file(device: UInt64(info.st_dev), number: UInt64(info.st_ino)) : .place(Self.absolute(path).path)
    }

    /// The folder without links in it, and the name in it.
    ///
    /// A folder that is not there stays as it is written.
    static func absolute(_ path: String) -> (folder: String, name: String, path: String) {
        let (folder, name) = split(path)
        let found = resolved(folder) ?? folder
        return (found, name, found.hasSuffix("/") ? found + name : "\(found)/\(name)")
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = path[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
    }

    private static func resolved(_ folder: String) -> String? {
        guard let found = unsafe realpath(folder, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }
}
