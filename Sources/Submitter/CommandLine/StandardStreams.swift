#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

/// Bytes to standard output and standard error, whole and in order.
enum StandardStreams {
    static let output = OutputFile(STDOUT_FILENO, "standard output")
    private static let errors = OutputFile(STDERR_FILENO, "standard error")

    /// A failure is kept by `output`, and fails the command at its end (`Submitter.main`).
    static func out(_ bytes: [UInt8]) { output.write(bytes) }
    static func error(_ text: String) { errors.write(Array(text.utf8)) }

    /// True for a terminal, unless the environment asks for no colours (https://no-color.org).
    static func takesColours(_ file: Int32, _ environment: [String: String] = ProcessInfo.processInfo.environment)
        -> Bool
    {
        isatty(file) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }

    /// The text of a file, or `nil` where it cannot be read or is not UTF-8.
    static func text(of path: String) -> String? {
        FileManager.default.contents(atPath: path).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// All of standard input, or `nil` where it is not UTF-8.
    static func input() -> String? {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(validating: all, as: UTF8.self) }
            all += chunk[..<count]
        }
    }
}
