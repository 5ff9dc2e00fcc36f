import Shared

/// Lines of comma-separated values that are safe to open in a spreadsheet (pure).
///
/// As in RFC 4180, with a line feed at the end of a line.
enum CSV {
    /// A line of texts.
    static func line(_ texts: [String]) -> String { joined(texts.map(text)) }

    /// A line of cells that are numbers, or were made by `text`.
    static func joined(_ cells: [String]) -> String { cells.joined(separator: ",") + "\n" }

    /// A text as a cell.
    ///
    /// Spreadsheets take a cell that begins with `=`, `+`, `-` or `@`, also behind blanks, for a formula and run it. An
    /// apostrophe in front makes it a text (OWASP, CSV Injection). Control characters but line ends are replaced.
    static func text(_ text: String) -> String {
        var cell = TerminalText.lines(text)
        if let first = cell.first(where: { !$0.isWhitespace }), "=+-@＝＋－＠".contains(first) { cell = "'" + cell }
        guard cell.contains(where: { ",\"\n\r\t;".contains($0) || $0.isNewline }) || cell != cell.trimmed else {
            return cell
        }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}
