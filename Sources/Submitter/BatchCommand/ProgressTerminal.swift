#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

/// The terminal behind standard error, where there is one.
struct ProgressTerminal: Sendable {
    /// Its locale writes UTF-8.
    let isUnicode: Bool
    let takesColours: Bool

    init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard isatty(STDERR_FILENO) == 1, environment["TERM"] != "dumb" else { return nil }
        let names = ["LC_ALL", "LC_CTYPE", "LANG"]
        let locale = names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "C.UTF-8"
        isUnicode = locale.uppercased().contains("UTF")
        takesColours = StandardStreams.takesColours(STDERR_FILENO, environment)
    }

    /// Asked for each line, since people resize windows.
    var width: Int { TerminalSize.of(STDERR_FILENO)?.columns ?? 80 }
}
