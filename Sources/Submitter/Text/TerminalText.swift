/// Text as a terminal shows it: measured in columns, cut to them, and without what a terminal would obey (pure).
///
/// Texts come from callers, platforms and queue entries, so any of them may hold escape codes.
enum TerminalText {
    /// The text on one line: line ends and tabs become blanks, other control characters U+FFFD.
    static func plain(_ text: String) -> String { safe(text, keeps: { _ in false }) }

    /// The same for running text, whose line ends and tabs stay.
    static func lines(_ text: String) -> String { safe(text) { $0 == "\n" || $0 == "\t" } }

    /// Columns that the text takes: two for a wide character, none for a combining one.
    ///
    /// Scalars are counted one by one, as terminals do, so that a line is never wider than this says.
    static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

    /// The text, or its beginning and `…` where it takes more than `columns`.
    static func cut(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        var (kept, left) = ("", columns - 1)
        for character in text {
            left -= width(String(character))
            guard left >= 0 else { break }
            kept.append(character)
        }
        return columns > 0 ? kept + "…" : ""
    }

    /// The text, with blanks up to `columns`.
    static func padded(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - width(text)))
    }

    private static func safe(_ text: String, keeps: (Unicode.Scalar) -> Bool) -> String {
        guard text.unicodeScalars.contains(where: isObeyed) else { return text }
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard isObeyed(scalar), !keeps(scalar) else {
                safe.append(scalar)
                continue
            }
            safe.append(isSpace(scalar) ? " " : "\u{FFFD}")
        }
        return String(safe)
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

    /// Controls, line separators, and the marks that turn the direction of everything behind them.
    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if (0x20..<0x7F).contains(scalar.value) { return 1 }
        if isZeroWidth(scalar) { return 0 }
        return isWide(scalar) ? 2 : 1
    }

    private static func isZeroWidth(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x1160...0x11FF, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
        default:
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark: true
            default: false
            }
        }
    }

    /// East Asian wide and full-width characters (Unicode 16, EastAsianWidth.txt), and emoji but for halves of flags.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
            0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD:
            true
        case 0x1F1E6...0x1F1FF: false
        default: scalar.properties.isEmojiPresentation
        }
    }
}
