#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

/// Columns and rows of the terminal that a stream goes to.
struct TerminalSize: Equatable, Sendable {
    let columns: Int
    let rows: Int

    /// `nil` where the stream is a file or a pipe, whose lines have no limit.
    static func of(
        _ file: Int32 = STDOUT_FILENO, _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> TerminalSize? {
        guard isatty(file) == 1 else { return nil }
        var window = winsize()
        guard unsafe ioctl(file, UInt(TIOCGWINSZ), &window) == 0 else { return TerminalSize(0, 0, environment) }
        return TerminalSize(Int(window.ws_col), Int(window.ws_row), environment)
    }

    /// The terminal's own word comes first, then `COLUMNS` and `LINES`, then 80 × 24.
    ///
    /// A terminal that does not know its size says 0.
    init(_ columns: Int, _ rows: Int, _ environment: [String: String]) {
        func known(_ said: Int, _ name: String, _ usual: Int) -> Int {
            let size = said > 0 ? said : environment[name].flatMap { Int($0) } ?? usual
            return (1...10_000).contains(size) ? size : usual
        }
        self.columns = known(columns, "COLUMNS", 80)
        self.rows = known(rows, "LINES", 24)
    }
}
