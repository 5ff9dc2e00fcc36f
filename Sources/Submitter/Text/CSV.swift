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
    /// Spreadsheets take a cell that begins with `=`, `+`, `-` or `@`, also behind blanks and characters that are not
    /// seen, for a formula and run it. An apostrophe in front makes it a text (OWASP, CSV Injection). Control
    /// characters but line ends are replaced.
    ///
    /// Looks at scalars: a mark that combines with a sign before it does not make the sign another one.
    static func text(_ text: String) -> String {
        let cell = (isFormula(text) ? "'" : "") + TerminalText.lines(text)
        let scalars = cell.unicodeScalars
        guard scalars.contains(where: isSeparator) || isBlank(scalars.first) || isBlank(scalars.last) else {
            return cell
        }
        var quoted = String.UnicodeScalarView()
        for scalar in scalars { quoted.append(contentsOf: scalar == "\"" ? ["\"", "\""] : [scalar]) }
        return "\"\(String(quoted))\""
    }

    private static func isFormula(_ text: String) -> Bool {
        let first = text.unicodeScalars.first { !$0.properties.isWhitespace && !isUnseen($0) }
        return first.map { "=+-@＝＋－＠".unicodeScalars.contains($0) } ?? false
    }

    /// Controls and format characters, such as marks of direction, joiners and U+FEFF.
    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .format].contains(scalar.properties.generalCategory)
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool { ",;\"\n\r\t".unicodeScalars.contains(scalar) }

    private static func isBlank(_ scalar: Unicode.Scalar?) -> Bool { scalar?.properties.isWhitespace ?? false }
}
