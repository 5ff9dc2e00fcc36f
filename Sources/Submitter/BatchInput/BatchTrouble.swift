import ArgumentParser

#if canImport(Glibc)
    import Glibc
#endif

/// A sentence for the caller, and the exit code that the command ends with.
struct BatchTrouble: Error, CustomStringConvertible, Equatable {
    let description: String
    var code: Int32 = 1

    init(_ description: String) { self.description = description }

    /// The input, the settings or the files are not what they must be.
    static func refused(_ description: String) -> BatchTrouble {
        var trouble = BatchTrouble(description)
        trouble.code = 3
        return trouble
    }

    /// About a file, by the reason of the last system call.
    static func file(_ path: String, _ doing: String, _ fault: Int32 = errno, code: Int32 = 1) -> BatchTrouble {
        let reason = unsafe String(cString: strerror(fault))
        var trouble = BatchTrouble("\(path): cannot \(doing): \(reason)")
        trouble.code = code
        return trouble
    }
}
