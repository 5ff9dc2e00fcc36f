import Shared

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Draws a text again and again: in place on a terminal, one below the other elsewhere.
struct WatchScreen {
    /// `TERM=dumb` is a terminal without the codes for drawing in place.
    private let isInPlace = TerminalSize.of() != nil && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// As the terminal is now, since people change it while they watch.
    var size: TerminalSize? { TerminalSize.of() }

    func show(_ text: String) {
        let now = UTCTime(millisecondsSince1970: SystemWallClock().now)
        let whole = "\(now.date) \(now.time)Z, Ctrl-C ends\n\n" + text
        StandardStreams.out(Array((isInPlace ? Self.drawn(whole, rows: size?.rows ?? 24) : whole + "\n").utf8))
    }

    /// The codes that write over what stands there and clear the rest, which flickers less than clearing first.
    ///
    /// What is below the last row is left out, since a screen that scrolls would not be drawn in place.
    static func drawn(_ text: String, rows: Int) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        if lines.count >= rows { lines = lines.prefix(max(1, rows - 2)) + ["…"] }
        return "\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
    }
}
